/** Making elements of JupyterLab's own look. Text is always text, never markup. */

import { button as plain, html } from './dag/dom';

export { html, say } from './dag/dom';

/** Make a push button whose title, which says what it acts on, is its accessible name too. */
export function button(className: string, label: string, title: string, press: () => void): HTMLButtonElement {
  const element = plain(className, label, title, press);
  element.setAttribute('aria-label', title);
  return element;
}

/** Put children in place of what an element holds. */
export function fill(element: Element, ...children: (Node | string)[]): void {
  element.replaceChildren(...children);
}

/** `2 problems`, `1 problem`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** A sign that is read out as a word. */
export function sign(text: string, word: string, ink: string): HTMLElement {
  return html('span', `pc-Sign pc-ink-${ink}`, { role: 'img', 'aria-label': word, title: word }, text);
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`, else the date. */
export function age(seconds: number, now: number): string {
  const past = Math.max(0, now - seconds);
  if (past < 60) {
    return 'just now';
  }
  if (past < 3600) {
    return `${Math.floor(past / 60)} min ago`;
  }
  if (past < 86400) {
    return `${Math.floor(past / 3600)} h ago`;
  }
  const days = Math.floor(past / 86400);
  return days < 14 ? `${plural(days, 'day')} ago` : new Date(seconds * 1000).toLocaleDateString();
}
