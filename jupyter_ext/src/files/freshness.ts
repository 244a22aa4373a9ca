/** Keeps an open file as it is on disk: something else may write it, such as an export in a terminal. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';

/** Milliseconds between two looks at a file that people look at. */
const PERIOD = 4000;
/** Periods that pass before it is asked again who did not answer, the first time and at most. */
const PATIENCE = { first: 1, most: 64 };

export class Freshness {
  /**
   * @param context - the file.
   * @param written - when it was written on disk last.
   * @param seen - whether people look at it; what nobody looks at is looked after when somebody does.
   */
  constructor(
    private readonly context: DocumentRegistry.Context,
    private readonly written: () => Promise<string>,
    private readonly seen: () => boolean
  ) {
    this.timer = window.setInterval(() => (this.pause > 0 ? (this.pause -= 1) : void this.look()), PERIOD);
  }

  /** Read the file again where it is newer on disk; changes that nobody has saved are kept. */
  async look(): Promise<void> {
    const { context } = this;
    if (this.busy || !this.saved() || !this.seen() || document.hidden) {
      return;
    }
    this.busy = true;
    try {
      const before = context.contentsModel?.last_modified;
      const now = await this.written();
      this.patience = PATIENCE.first;
      // Saved here meanwhile, it is as new as it was read; edited meanwhile, it is the person's.
      const isNewer = before === context.contentsModel?.last_modified && now !== before && this.saved();
      if (isNewer && now !== this.tried) {
        this.tried = now; // what cannot be read is told by JupyterLab, once
        await context.revert();
      }
    } catch {
      // It is gone, or out of reach for now: whoever acts on it is told why. Each request leaves a line in the console.
      this.pause = this.patience;
      this.patience = Math.min(2 * this.patience, PATIENCE.most);
    } finally {
      this.busy = false;
    }
  }

  private saved(): boolean {
    return this.context.isReady && !this.context.model.dirty;
  }

  dispose(): void {
    window.clearInterval(this.timer);
  }

  private busy = false;
  /** Periods until the next look. */
  private pause = 0;
  private patience = PATIENCE.first;
  /** When the version was written that was read last, or could not be. */
  private tried = '';
  private readonly timer: number;
}
