/** A bar for what takes long before a run: compiling many steps, uploading large files. */

import { html } from '../dom';
import type { KernelMessage } from '../kernel/protocol';

export class ProgressBar {
  readonly element = html('div', 'pc-Progress', { role: 'status', hidden: true });

  /** Take what the kernel tells, of the pipeline that is shown. */
  take(message: KernelMessage, pipeline: string | undefined): void {
    if (message.type === 'progress' && message.pipeline === pipeline) {
      this.element.hidden = message.share >= 1;
      this.words.textContent = message.what;
      this.bar.setAttribute('value', String(message.share));
    }
  }

  /** Another pipeline is shown: what was told is not of it. */
  clear(): void {
    this.element.hidden = true;
  }

  constructor() {
    this.element.append(this.words, this.bar);
  }

  private readonly words = html('span', '');
  private readonly bar = html('progress', '', { max: 1, value: 0, 'aria-label': 'How far it is' });
}
