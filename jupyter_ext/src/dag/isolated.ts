/** People's words within our sentences, in the order in which both are read. */

/** What reorders the text around it; Python's pictures leave it out of names too. */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Letters that are written from right to left, as a rule of thumb: their blocks. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Return a text that changes the order of nothing around it, to be put into a sentence, a title or a name. */
export function isolated(text: string): string {
  const plain = text.replace(REORDERING, '');
  return RIGHT_TO_LEFT.test(plain) ? `\u2068${plain}\u2069` : plain;
}
