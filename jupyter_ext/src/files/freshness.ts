/** Keeps an open file as it is on disk: something else may write it, such as an export in a terminal. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';

/** Milliseconds between two looks at a file that people look at. */
const PERIOD = 4000;

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
    this.timer = window.setInterval(() => void this.look(), PERIOD);
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
      // Saved here meanwhile, it is as new as it was read; edited meanwhile, it is the person's.
      if (before === context.contentsModel?.last_modified && now !== before && this.saved()) {
        await context.revert();
      }
    } catch {
      this.dispose(); // it is gone, or out of reach: whoever acts on it is told why
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
  private readonly timer: number;
}
