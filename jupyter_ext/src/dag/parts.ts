/** Drawing very many elements: the first part at once, one more with each frame, in the order of the page. */

import { svg } from './dom';

const PART = 300;

/** Append elements to a group; all of them are in the page at once, but the later ones are laid out later. */
export function appendInParts(group: SVGGElement, elements: readonly SVGElement[]): void {
  if (elements.length <= PART) {
    group.append(...elements);
    return;
  }
  const later: SVGGElement[] = [];
  for (let start = 0; start < elements.length; start += PART) {
    const part = svg('g', '', {}, ...elements.slice(start, start + PART));
    group.append(part);
    if (start > 0) {
      part.style.display = 'none';
      later.push(part);
    }
  }
  const next = (): void => {
    const part = later.shift();
    if (part) {
      part.style.display = '';
      requestAnimationFrame(next);
    }
  };
  requestAnimationFrame(() => requestAnimationFrame(next)); // after the first part is on the screen
}
