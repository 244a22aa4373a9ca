/** One part of the side panel: drawn again only when what it shows is another. */

import { html } from '../dom';

export abstract class Section<T> {
  readonly element: HTMLElement;
  /** Where the content goes. */
  protected readonly body = html('div', 'pc-Section-body');
  protected readonly heading: HTMLElement | null;

  constructor(name: string, title = '') {
    this.heading = title ? html('h3', 'pc-Section-title', {}, title) : null;
    this.element = html('section', `pc-Section pc-${name}`, title ? { 'aria-label': title } : {});
    this.element.append(...(this.heading ? [this.heading] : []), this.body);
  }

  /** Show a value; null hides the section. */
  show(value: T | null): void {
    this.element.hidden = value === null;
    if (value === null) {
      this.shown = '';
      return;
    }
    const key = this.key(value);
    if (key !== this.shown) {
      this.shown = key;
      this.draw(value);
    }
  }

  /** All that the section shows of a value. */
  protected key(value: T): string {
    return JSON.stringify(value);
  }

  protected abstract draw(value: T): void;

  private shown = '';
}
