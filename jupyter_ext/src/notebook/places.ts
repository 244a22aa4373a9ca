/** Where problems are in a cell's text as it stands now. Pure. */

import type { Problem } from '../kernel/protocol';

/** A problem and where it is. */
export interface Placed {
  readonly from: number;
  readonly to: number;
  readonly problem: Problem;
}

/**
 * Return the problems whose place still holds the words that it held, in the order of the text.
 *
 * Where the text was edited before the place, the words are looked for; they count if they stand once.
 */
export function placed(problems: readonly Problem[], text: string): Placed[] {
  const found: Placed[] = [];
  for (const problem of problems) {
    const { place } = problem;
    if (place === null || place.text === '') {
      continue;
    }
    if (text.slice(place.from, place.to) === place.text) {
      found.push({ from: place.from, to: place.to, problem });
      continue;
    }
    const at = text.indexOf(place.text);
    if (at >= 0 && !text.includes(place.text, at + 1)) {
      found.push({ from: at, to: at + place.text.length, problem });
    }
  }
  return found.sort((a, b) => a.from - b.from || a.to - b.to);
}
