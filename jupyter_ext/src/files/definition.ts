/** Whether a file's text is a pipeline's definition: enough to choose a viewer, no more. Pure. */
export function isDefinition(text: string): boolean {
  let found: unknown;
  try {
    found = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return false;
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    return false;
  }
  const { Steps, StartAt, States } = found as Record<string, unknown>;
  return Array.isArray(Steps) || (typeof StartAt === 'string' && typeof States === 'object' && States !== null);
}

/** Names of files that may be a definition; a second extension means another kind of JSON. */
export const PATTERN = '^(?:[^.]|\\.\\d)+(?:\\.(?:asl|definition|pipeline|sagemaker))?\\.json$';

/** Names of files that say they are a state machine: those that cannot be read are still ours to explain. */
export function saysSo(path: string): boolean {
  return path.endsWith(".asl.json");
}
