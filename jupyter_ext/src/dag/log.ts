/** A step's log: it follows the end until one scrolls up, and finds words. */

import { html, say } from './dom';
import type { HostRequest } from './model';

const MOST = 5000;

export class LogPane {
  readonly element: HTMLElement;

  constructor(
    private readonly node: string,
    private readonly ask: (request: HostRequest) => void
  ) {
    this.search.addEventListener('input', () => this.find());
    this.search.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter') {
        this.next();
      }
    });
    this.follow.addEventListener('change', () => this.toEnd());
    this.lines.addEventListener('scroll', () => {
      const atEnd = this.lines.scrollHeight - this.lines.scrollTop - this.lines.clientHeight < 12;
      if (!atEnd && this.follow.checked && !this.scrolling) {
        this.follow.checked = false;
      }
      this.scrolling = false;
    });
    const followed = html('label', 'pc-follow', {}, this.follow, 'follow');
    this.element = html('div', 'pc-log', {}, html('div', 'pc-logbar', {}, this.search, this.found, followed), this.lines, this.foot);
  }

  /** Begin to read. */
  start(): void {
    if (!this.started) {
      this.started = true;
      this.ask({ type: 'log', node: this.node, follow: true });
    }
  }

  /** Take lines as they come. */
  add(lines: readonly string[], first: boolean, over: boolean): void {
    if (first) {
      this.lines.replaceChildren();
    }
    const wanted = this.search.value.toLowerCase();
    this.lines.append(...lines.slice(-MOST).map(line => this.mark(html('div', 'pc-line', {}, line), wanted)));
    while (this.lines.childElementCount > MOST) {
      this.lines.firstElementChild?.remove();
    }
    say(this.foot, over ? (this.lines.childElementCount ? '' : 'Nothing was written.') : 'Waiting for more …');
    this.toEnd();
    if (wanted) {
      this.count();
    }
  }

  /** Go where the newest line is, unless one reads further up. */
  toEnd(): void {
    if (this.follow.checked) {
      this.scrolling = true;
      this.lines.scrollTop = this.lines.scrollHeight;
    }
  }

  private find(): void {
    const wanted = this.search.value.toLowerCase();
    for (const line of this.lines.children) {
      this.mark(line as HTMLElement, wanted);
    }
    this.count();
    this.at = -1;
    if (wanted) {
      this.next();
    }
  }

  private count(): void {
    const found = this.lines.querySelectorAll('.pc-hit').length;
    say(this.found, this.search.value ? String(found) : '');
  }

  private next(): void {
    const hits = this.lines.querySelectorAll('.pc-hit');
    if (hits.length > 0) {
      this.at = (this.at + 1) % hits.length;
      this.follow.checked = false;
      const line = hits[this.at] as HTMLElement;
      this.lines.scrollTop = line.offsetTop - this.lines.clientHeight / 2;
    }
  }

  private mark(line: HTMLElement, wanted: string): HTMLElement {
    line.classList.toggle('pc-hit', wanted !== '' && line.textContent.toLowerCase().includes(wanted));
    return line;
  }

  private readonly search = html('input', 'pc-search', { type: 'search', placeholder: 'Search the log', 'aria-label': 'Search the log' });
  private readonly found = html('span', 'pc-foundcount', { 'aria-live': 'polite' });
  private readonly follow = html('input', '', { type: 'checkbox', checked: true });
  private readonly lines = html('div', 'pc-lines', { role: 'log', tabindex: 0, 'aria-label': 'Log' });
  private readonly foot = html('div', 'pc-dim', {}, 'Reading …');
  private started = false;
  private scrolling = false;
  private at = -1;
}
