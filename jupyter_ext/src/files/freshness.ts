/** Keeps an open file as it is on disk: something else may write it, such as an export in a terminal. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';

/** Milliseconds between two looks at a file that people look at. */
const PERIOD = 4000;

/** Periods that are left out at most while there is nothing to be had: each look is an error in the browser's log. */
const MOST_LEFT_OUT = 15;

/** What looks after a file. */
export interface Disk {
  /** When the file was written last; null where it is gone. */
  written(): Promise<string | null>;
  /** Whether people look at it; what nobody looks at is looked after when somebody does. */
  seen(): boolean;
  /** Told when it is gone, and when it is back. */
  gone(gone: boolean): void;
}

export class Freshness {
  constructor(
    private readonly context: DocumentRegistry.Context,
    private readonly disk: Disk
  ) {
    this.timer = window.setInterval(() => {
      if (this.left > 0) {
        this.left -= 1;
      } else {
        void this.look();
      }
    }, PERIOD);
  }

  /** Read the file again where it is newer on disk; changes that nobody has saved are kept. */
  async look(): Promise<void> {
    const { context } = this;
    if (this.busy || !this.saved() || !this.disk.seen() || document.hidden) {
      return;
    }
    this.busy = true;
    try {
      const before = context.contentsModel?.last_modified;
      const now = await this.disk.written();
      this.disk.gone(now === null);
      this.wait(now === null);
      // Saved here meanwhile, it is as new as it was read; edited meanwhile, it is the person's.
      const newer = now !== null && now !== before && before === context.contentsModel?.last_modified;
      if (newer && now !== this.refused && this.saved()) {
        this.refused = now;
        await context.revert();
        this.refused = null;
      }
    } catch {
      this.wait(true); // out of reach, or no text: JupyterLab has said so
    } finally {
      this.busy = false;
    }
  }

  dispose(): void {
    window.clearInterval(this.timer);
  }

  private saved(): boolean {
    return this.context.isReady && !this.context.model.dirty;
  }

  /** Ask ever more rarely while it is in vain. */
  private wait(vain: boolean): void {
    this.vain = vain ? this.vain + 1 : 0;
    this.left = vain ? Math.min(2 ** this.vain - 1, MOST_LEFT_OUT) : 0;
  }

  private busy = false;
  /** When what JupyterLab could not read was written: it is not tried twice. */
  private refused: string | null = null;
  private vain = 0;
  private left = 0;
  private readonly timer: number;
}
