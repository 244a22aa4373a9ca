/** One part of the side panel: drawn again only when what it shows is another, and then focus and clicks stay. */

import { Press } from '../dag/press';
import { html } from '../dom';

export abstract class Section<T> {
  readonly element: HTMLElement;
  /** Where the content goes. */
  protected readonly body = html('div', 'pc-Section-body');
  /** The line of the title, for what stands beside it. */
  protected readonly head = html('div', 'pc-Section-head');

  constructor(name: string, title = '') {
    this.element = html('section', `pc-Section pc-${name}`, title ? { 'aria-label': title } : {});
    if (title) {
      this.head.append(html('h3', 'pc-Section-title', {}, title));
      this.element.append(this.head);
    }
    this.element.append(this.body);
  }

  /** Show a value; null hides the section. */
  show(value: T | null): void {
    this.element.hidden = value === null;
    if (value === null) {
      this.shown = '';
      this.press.draw(() => this.body.replaceChildren()); // what is not seen holds nothing
      return;
    }
    const key = this.key(value);
    if (key !== this.shown) {
      this.shown = key;
      this.press.draw(() => {
        const focused = this.focused();
        this.draw(value);
        this.focus(focused);
      });
    }
  }

  /** All that the section shows of a value. */
  protected key(value: T): string {
    return JSON.stringify(value);
  }

  protected abstract draw(value: T): void;

  /** What tells the control that has the focus from others in the body; empty where none has it. */
  private focused(): string {
    const { activeElement } = document;
    return activeElement !== null && this.body.contains(activeElement) ? keyOf(activeElement) : '';
  }

  /** Give the focus to the control that had it; where that is gone, to the first that can be used. */
  private focus(key: string): void {
    if (key !== '') {
      const usable = [...this.body.querySelectorAll<HTMLElement>('button, select, summary, [tabindex="0"]')].filter(
        each => !each.matches(':disabled, [hidden]')
      );
      (usable.find(each => keyOf(each) === key) ?? usable[0])?.focus();
    }
  }

  private readonly press = new Press(this.body);
  private shown = '';
}

/** What a control is known by when it is made anew: a key of its own, else its name. */
function keyOf(element: Element): string {
  return element.getAttribute('data-key') ?? element.getAttribute('aria-label') ?? '';
}
