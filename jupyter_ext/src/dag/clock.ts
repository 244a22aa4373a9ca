/** The time of what is shown, in seconds after its document's epoch. */

import type { DagDocument, StepState } from './model';

/** Clocks that differ by more than a day are of different days' runs: then the states' own times count. */
const DAY_SECONDS = 86400;

export class Clock {
  /** Begin anew: another document came. */
  reset(): void {
    this.skew = null;
  }

  /** Return the time now; a saved run stands still at its last event. */
  now(document: DagDocument | null, states: Iterable<StepState>, live: boolean): number {
    if (!document) {
      return 0;
    }
    if (!live) {
      return document.run?.ended ?? newest(states);
    }
    // The browser's clock may differ from the kernel's: count from when the document came, at the latest.
    const browser = Date.now() / 1000 - document.epoch;
    if (this.skew === null) {
      const ahead = newest(states) - browser;
      this.skew = Math.abs(ahead) > DAY_SECONDS ? ahead : Math.max(0, ahead);
    }
    return browser + this.skew;
  }

  private skew: number | null = null;
}

function newest(states: Iterable<StepState>): number {
  return Math.max(0, ...[...states].flatMap(state => [state[2] ?? 0, state[3] ?? 0]));
}
