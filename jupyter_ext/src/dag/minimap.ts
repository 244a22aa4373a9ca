/** A small picture of the whole, with a frame around what is seen; only where not all is. */

import { svg } from './dom';
import type { Camera } from './camera';
import type { Canvas } from './canvas';

const WIDTH = 150;
const HEIGHT = 96;

export class Minimap {
  readonly element = svg('svg', 'pc-minimap', { width: WIDTH, height: HEIGHT, 'aria-hidden': 'true' });

  constructor(
    private readonly canvas: Canvas,
    private readonly camera: Camera
  ) {
    const go = (event: PointerEvent): void => {
      const box = this.element.getBoundingClientRect();
      this.camera.centre(
        (event.clientX - box.left - this.left) / this.scale,
        (event.clientY - box.top - this.top) / this.scale
      );
    };
    this.element.addEventListener('pointerdown', event => {
      event.stopPropagation();
      this.element.setPointerCapture(event.pointerId);
      go(event);
    });
    this.element.addEventListener('pointermove', event => {
      if (event.buttons & 1) {
        go(event);
      }
    });
  }

  /** Draw the nodes of a new scene. */
  draw(): void {
    const scene = this.canvas.scene;
    if (!scene) {
      return;
    }
    this.scale = Math.min(WIDTH / (scene.width + 32), HEIGHT / (scene.height + 32));
    this.left = (WIDTH - (scene.width + 32) * this.scale) / 2;
    this.top = (HEIGHT - (scene.height + 32) * this.scale) / 2;
    this.dots = scene.nodes.map(node =>
      svg('rect', 'pc-dot', {
        x: this.left + (node.x + 16) * this.scale,
        y: this.top + (node.y + 16) * this.scale,
        width: Math.max(1.5, node.width * this.scale),
        height: Math.max(1.5, node.height * this.scale)
      })
    );
    this.inks = [];
    this.element.replaceChildren(...this.dots, this.frame);
    this.colour();
    this.move();
  }

  /** Give each dot the colour of its state. */
  colour(): void {
    if (this.hidden) {
      return; // it is coloured when it comes into view
    }
    this.canvas.scene?.nodes.forEach((node, index) => {
      const ink = this.canvas.cards.get(node.id)?.mark.ink ?? 'wait';
      const dot = this.dots[index];
      if (dot && this.inks[index] !== ink) {
        this.inks[index] = ink;
        dot.setAttribute('class', `pc-dot pc-is-${ink}`);
      }
    });
  }

  /** Move the frame to what is seen. */
  move(): void {
    const scene = this.canvas.scene;
    if (!scene) {
      return;
    }
    const seen = this.camera.seen;
    const all = seen.x <= 24 && seen.y <= 24 && seen.x + seen.width >= scene.width + 8 && seen.y + seen.height >= scene.height + 8;
    const appears = this.hidden && !all;
    this.hidden = all;
    this.element.classList.toggle('pc-hidden', all);
    if (appears) {
      this.colour();
    }
    if (!all) {
      for (const [name, value] of Object.entries({
        x: this.left + seen.x * this.scale,
        y: this.top + seen.y * this.scale,
        width: seen.width * this.scale,
        height: seen.height * this.scale
      })) {
        this.frame.setAttribute(name, value.toFixed(1));
      }
    }
  }

  private dots: SVGRectElement[] = [];
  private inks: string[] = [];
  private hidden = true;
  private readonly frame = svg('rect', 'pc-frame', { rx: 2 });
  private scale = 1;
  private left = 0;
  private top = 0;
}
