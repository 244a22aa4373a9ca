/** The root package.json, which webpack inlines: the one place where the version stands. */
declare module '*/package.json' {
  const manifest: { readonly name: string; readonly version: string };
  export default manifest;
}
