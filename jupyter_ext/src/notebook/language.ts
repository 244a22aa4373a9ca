/** The language of a cell that pipecell's magics make of something else than plain Python. Pure. */

/** MIME types that JupyterLab's editors know. */
export const PYTHON = 'text/x-ipython';
export const YAML = 'text/x-yaml';
export const TEXT = 'text/plain';

const HEADER = /^%%(?:step|pipeline)\b[^\n]*/;
const STEP = /^%%step\s+(\S+)/;
const MACHINE = /^%%pipeline\b[^\n]*\n(?:[^\n]*\n)*?StartAt\s*:/;
const KEY = /^[\w.-]+\s*:(?:\s|$)/;

/** Kinds whose body may be `key: value` lines. */
const SETTINGS = new Set(['training', 'tuning', 'transform', 'emr', 'quality-check', 'clarify-check', 'model']);

/** Where the magic's own line ends; null for a cell that is none of ours. */
export function headerEnd(text: string): number | null {
  const found = HEADER.exec(text);
  return found === null ? null : found[0].length;
}

/** The MIME type of a `%%step` cell, or of a state machine in YAML, by its body; null for every other cell. */
export function languageOf(text: string): string | null {
  if (MACHINE.test(text) && isYaml(bodyOf(text))) {
    return YAML;
  }
  const kind = STEP.exec(text)?.[1];
  if (kind === undefined) {
    return null;
  }
  if (kind === 'fail' || kind === 'register') {
    return TEXT;
  }
  return SETTINGS.has(kind) && isYaml(bodyOf(text)) ? YAML : PYTHON;
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\n') + 1 || text.length);
}

/** Whether each line that is not indented is `key: value`, an item or a comment, and one at least a key. */
function isYaml(body: string): boolean {
  const lines = body.split('\n').filter(line => line.trim() !== '' && !/^[\s#]/.test(line));
  const keys = lines.filter(line => KEY.test(line));
  // `else:` and `try:` are Python; what follows them is indented, as it is in YAML.
  const python = lines.some(line => /^(?:else|try|finally)\s*:\s*$/.test(line));
  return !python && keys.length > 0 && lines.every(line => KEY.test(line) || line.startsWith('- '));
}
