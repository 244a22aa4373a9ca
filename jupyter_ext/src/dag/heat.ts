/** How much changes just now: where much does, changes are shown at once instead of gliding. */

const HALF_MS = 400;
const HOT = 24;
const COLD_MS = 700;

export class Heat {
  /** @param tell - Told when it becomes hot, and when it no longer is. */
  constructor(private readonly tell: (hot: boolean) => void) {}

  /** Count changes; what was counted before fades by half within 0.4 s. */
  add(changes: number): void {
    const now = performance.now();
    this.heat = this.heat * 0.5 ** ((now - this.at) / HALF_MS) + changes;
    this.at = now;
    if (this.heat > HOT) {
      if (this.cooling === 0) {
        this.tell(true);
      }
      window.clearTimeout(this.cooling);
      this.cooling = window.setTimeout(() => this.cool(), COLD_MS);
    }
  }

  private cool(): void {
    this.cooling = 0;
    this.tell(false);
  }

  private heat = 0;
  private at = 0;
  private cooling = 0;
}
