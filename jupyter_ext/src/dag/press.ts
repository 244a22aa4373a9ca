/**
 * Holds back what would be made anew while people press on it.
 *
 * A browser gives a click to nobody when the element that was pressed is gone at the release. Clocks and news
 * of a run draw at any moment, so one click in many would do nothing.
 */

/** Milliseconds for which a press holds drawing back at most: its end may go unseen, as that of a drag does. */
const LONGEST = 2000;

export class Press {
  constructor(element: Element) {
    element.addEventListener('pointerdown', () => this.begin());
  }

  /** Draw, now or as soon as nobody presses; what is held back keeps its order. */
  draw(drawing: () => void): void {
    if (this.end === null) {
      drawing();
    } else {
      this.held.push(drawing);
    }
  }

  private begin(): void {
    this.end?.();
    const ends = ['pointerup', 'pointercancel'] as const;
    // The click comes right after the release, before a timer can.
    const released = (): number => window.setTimeout(end);
    const end = (): void => {
      window.clearTimeout(longest);
      ends.forEach(name => window.removeEventListener(name, released, true));
      if (this.end === end) {
        this.end = null;
        this.held.splice(0).forEach(drawing => this.draw(drawing));
      }
    };
    const longest = window.setTimeout(end, LONGEST);
    ends.forEach(name => window.addEventListener(name, released, true));
    this.end = end;
  }

  private end: (() => void) | null = null;
  private readonly held: (() => void)[] = [];
}
