/**
 * What moves on the cards of running steps: a bar along each card's lower edge.
 *
 * They lie above the drawing rather than in it. An animation inside an SVG makes the browser cut all
 * that is drawn after it into layers of their own, again at every change; here the drawing stays one.
 */

import type { Card } from './card';
import { html } from './dom';

export class Pulses {
  readonly element = html('div', 'pc-pulses', { 'aria-hidden': 'true' });

  /**
   * Let the bars be those of some cards.
   *
   * @param cards - Those whose steps run.
   * @param margin - Pixels between the drawing's corner and its first card.
   */
  show(cards: readonly Card[], margin: number): void {
    const wanted = new Set(cards.filter(card => card.node.shape === 'card'));
    for (const [card, bar] of this.bars) {
      if (!wanted.has(card)) {
        bar.remove();
        this.bars.delete(card);
      }
    }
    for (const card of wanted) {
      if (!this.bars.has(card)) {
        this.bars.set(card, this.bar(card, margin));
      }
    }
  }

  private bar({ node }: Card, margin: number): HTMLElement {
    const bar = html('div', 'pc-pulse', {}, html('span', ''));
    bar.style.left = `${node.x + margin + 6}px`;
    bar.style.top = `${node.y + margin + node.height - 3.5}px`;
    bar.style.width = `${node.width - 12}px`;
    this.element.append(bar);
    return bar;
  }

  private readonly bars = new Map<Card, HTMLElement>();
}
