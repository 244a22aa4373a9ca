/** The log of one step, followed until its job has ended. */

import { isolated } from '../dag/isolated';
import { button, html, say } from '../dom';
import type { KernelMessage } from '../kernel/protocol';

/** Lines that are kept; older ones leave. */
const MOST = 2000;

export class LogView {
  readonly element: HTMLElement;
  /** Names the lines that belong here; empty while nothing is shown. */
  stream = '';

  constructor() {
    const close = button('pc-Link', 'Close', 'Close the log', () => this.close());
    const links = html('span', 'pc-Section-links', {}, this.word, close);
    this.element = html('section', 'pc-Section pc-Log', { 'aria-label': 'Log', hidden: true });
    const head = html('div', 'pc-Section-head', {}, html('h3', 'pc-Section-title', {}, this.title), links);
    this.element.append(head, this.text);
  }

  /** Begin a log; `end` has whoever sends its lines send no more. */
  open(step: string, stream: string, end: () => void): void {
    this.close();
    this.stream = stream;
    this.end = end;
    this.element.hidden = false;
    say(this.title, `Log of ${isolated(step)}`);
    say(this.word, 'reading');
    this.text.replaceChildren();
    this.element.scrollIntoView({ block: 'nearest' });
  }

  /** Take lines that may be of this log. */
  take(message: KernelMessage): void {
    if (message.type !== 'log' || message.stream !== this.stream) {
      return;
    }
    const { text } = this;
    const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 8;
    if (message.first) {
      text.replaceChildren();
    }
    text.append(...message.lines.map(line => `${line}\n`));
    while (text.childNodes.length > MOST) {
      text.firstChild?.remove();
    }
    say(this.word, message.over ? 'ended' : 'following');
    if (atEnd || message.first) {
      text.scrollTop = text.scrollHeight;
    }
  }

  /** Say why there is no log. */
  fail(error: unknown): void {
    say(this.word, 'none');
    this.text.textContent = error instanceof Error ? error.message : String(error);
  }

  close(): void {
    if (this.stream) {
      this.end();
      this.end = () => undefined; // it holds the notebook
      this.stream = '';
    }
    this.element.hidden = true;
  }

  private end: () => void = () => undefined;
  private readonly title = html('span', '', {});
  private readonly word = html('span', 'pc-Dim', { role: 'status' });
  private readonly text = html('pre', 'pc-Log-text', { tabindex: 0, role: 'log', 'aria-label': 'Log lines' });
}
