/** The keys that a definition has; of a text that is not JSON, which a typo is enough for, they alone can be asked. */
const KEYS = [[/"Steps"\s*:\s*\[/], [/"StartAt"\s*:/, /"States"\s*:\s*\{/]];

/** Whether a file's text is a pipeline's definition: enough to choose a viewer, no more. Pure. */
export function isDefinition(text: string): boolean {
  let found: unknown;
  try {
    found = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return KEYS.some(keys => keys.every(key => key.test(text)));
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    return false;
  }
  const { Steps, StartAt, States } = found as Record<string, unknown>;
  return Array.isArray(Steps) || (typeof StartAt === 'string' && typeof States === 'object' && States !== null);
}

/**
 * Names of files that are, or may be, a definition in JSON; where the name does not say so, a second extension
 * means another kind of JSON.
 */
export const PATTERN =
  '^(?:.+\\.asl|(?:[^.]|\\.\\d)+(?:\\.(?:definition|pipeline|sagemaker))?)\\.json$';

/** Names of state machines in YAML. */
export const YAML_PATTERN = '^.+\\.asl\\.ya?ml$';

/** Whether a file's name says that it is a state machine: one that cannot be read is still ours to explain. */
export function saysSo(path: string): boolean {
  return /\.asl\.(?:json|ya?ml)$/.test(path);
}
