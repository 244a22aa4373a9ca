/**
 * Zoom and pan: one transform on one element.
 *
 * While it moves, the browser keeps the drawing as one layer and only shifts it; once it rests, the
 * layer is given up so that lines and letters are drawn crisp at the new scale.
 */

const NEAREST = 2.5;
const FARTHEST = 0.04;
/** Below this, steps cannot be told apart: the drawing then begins at its start, at a size that can be read. */
const SMALLEST_WHOLE = 0.3;
const READABLE = 0.55;
const FAR = 0.38;
const REST_MS = 180;

/** What the camera looks at, and through which window. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class Camera {
  scale = 1;
  x = 0;
  y = 0;
  /** Whether a person moved it: then it no longer follows the size of its window by itself. */
  moved = false;

  constructor(
    private readonly viewport: HTMLElement,
    private readonly layer: HTMLElement,
    private readonly changed: () => void
  ) {
    viewport.addEventListener('wheel', event => this.wheel(event), { passive: false });
    viewport.addEventListener('pointerdown', event => this.press(event));
  }

  /** Set the size of what is looked at, and the height at which it begins. */
  resize(width: number, height: number, start: number): void {
    this.width = width;
    this.height = height;
    this.start = start;
  }

  /** Learn the size of the viewport: asking for it at each move would have the page laid out each time. */
  measure(): void {
    const { clientWidth, clientHeight } = this.viewport;
    this.port = { width: clientWidth, height: clientHeight };
  }

  /** Show all of it, not larger than life. */
  fit(animate = false): void {
    this.whole = true;
    this.show(Math.max(this.wholeScale(), FARTHEST), animate);
  }

  /** Show all of it where that can be read, else its beginning. */
  begin(animate = false): void {
    this.whole = false;
    const scale = this.wholeScale();
    this.show(scale < SMALLEST_WHOLE ? READABLE : scale, animate);
  }

  /** Follow a new size of the drawing or its window, as it was shown last. */
  follow(animate = false): void {
    if (this.whole) {
      this.fit(animate);
    } else {
      this.begin(animate);
    }
  }

  /** Zoom by a factor around a point of the window; by default its middle. */
  zoom(factor: number, at?: { x: number; y: number }, animate = true): void {
    const centre = at ?? { x: this.viewport.clientWidth / 2, y: this.viewport.clientHeight / 2 };
    const scale = Math.min(NEAREST, Math.max(FARTHEST, this.scale * factor));
    const ratio = scale / this.scale;
    this.moved = true;
    this.go(scale, centre.x - (centre.x - this.x) * ratio, centre.y - (centre.y - this.y) * ratio, animate);
  }

  /** Shift by pixels of the window. */
  pan(dx: number, dy: number, animate = false): void {
    this.moved = true;
    this.go(this.scale, this.x + dx, this.y + dy, animate);
  }

  /** Bring a part into view, moving no more than needed; `apart` from the edges, where other things float. */
  reveal(part: Frame, apart = false): void {
    const { clientWidth, clientHeight } = this.viewport;
    const margin = apart ? Math.min(clientWidth, clientHeight) / 3 : 24;
    const scale = this.scale < 0.45 ? Math.min(0.9, clientWidth / (part.width + 2 * margin)) : this.scale;
    if (scale !== this.scale) {
      this.moved = true;
      this.go(
        scale,
        clientWidth / 2 - (part.x + part.width / 2) * scale,
        clientHeight / 2 - (part.y + part.height / 2) * scale,
        true
      );
      return;
    }
    const left = part.x * scale + this.x;
    const top = part.y * scale + this.y;
    const dx = Math.max(margin - left, 0) || Math.min(clientWidth - margin - left - part.width * scale, 0);
    const dy = Math.max(margin - top, 0) || Math.min(clientHeight - margin - top - part.height * scale, 0);
    if (dx !== 0 || dy !== 0) {
      this.go(scale, this.x + dx, this.y + dy, true);
    }
  }

  /** Put a point of the drawing into the middle of the window. */
  centre(x: number, y: number): void {
    this.moved = true;
    const { clientWidth, clientHeight } = this.viewport;
    this.go(this.scale, clientWidth / 2 - x * this.scale, clientHeight / 2 - y * this.scale, false);
  }

  /** Whether the window shows a part whole. */
  shows(part: Frame): boolean {
    const { x, y, width, height } = this.seen;
    return part.x >= x && part.y >= y && part.x + part.width <= x + width && part.y + part.height <= y + height;
  }

  /** The part of the drawing that the window shows. */
  get seen(): Frame {
    return {
      x: -this.x / this.scale,
      y: -this.y / this.scale,
      width: this.port.width / this.scale,
      height: this.port.height / this.scale
    };
  }

  private wholeScale(): number {
    this.measure();
    return Math.min(1, (this.port.width - 24) / this.width, (this.port.height - 24) / this.height);
  }

  private show(scale: number, animate: boolean): void {
    if (this.port.width === 0 || this.width === 0) {
      return;
    }
    this.moved = false;
    const left = (this.port.width - this.width * scale) / 2;
    const room = this.port.height - this.height * scale;
    const top = room / 2 >= 12 ? room / 2 : Math.min(12, Math.max(this.port.height / 2 - this.start * scale, room - 12));
    this.go(scale, Math.max(left, 12), top, animate);
  }

  private go(scale: number, x: number, y: number, animate: boolean): void {
    this.scale = scale;
    this.x = x;
    this.y = y;
    this.layer.classList.toggle('pc-glide', animate);
    this.layer.classList.add('pc-moving');
    window.clearTimeout(this.rest);
    this.rest = window.setTimeout(() => this.layer.classList.remove('pc-moving', 'pc-glide'), REST_MS + 60);
    this.layer.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.viewport.classList.toggle('pc-far', scale < FAR);
    this.changed();
  }

  private wheel(event: WheelEvent): void {
    // A plain wheel scrolls the notebook; with a modifier, or a pinch, it zooms.
    if (!event.ctrlKey && !event.metaKey) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const box = this.viewport.getBoundingClientRect();
    const step = Math.max(-60, Math.min(60, event.deltaY * (event.deltaMode === 1 ? 16 : 1)));
    this.zoom(Math.exp(-step * 0.0045), { x: event.clientX - box.left, y: event.clientY - box.top }, false);
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest('.pc-node, button, input')) {
      return;
    }
    let last = { x: event.clientX, y: event.clientY };
    const move = (next: PointerEvent): void => {
      this.pan(next.clientX - last.x, next.clientY - last.y);
      last = { x: next.clientX, y: next.clientY };
    };
    const end = (): void => {
      this.viewport.classList.remove('pc-dragging');
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', end);
      window.removeEventListener('pointercancel', end);
    };
    this.viewport.classList.add('pc-dragging');
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', end);
    window.addEventListener('pointercancel', end);
  }

  private whole = false;
  private port = { width: 0, height: 0 };
  private width = 0;
  private height = 0;
  private start = 0;
  private rest = 0;
}
