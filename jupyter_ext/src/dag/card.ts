/** One node: a card, a stack of cards or a diamond, and its state. */

import { svg, say } from './dom';
import { duration } from './format';
import { isolated } from './isolated';
import type { Mark, SceneNode, StepState } from './model';

const UNKNOWN: Mark = { sign: '•', ink: 'wait', word: '' };

export class Card {
  readonly element: SVGGElement;
  /** What the status word looks like. */
  mark: Mark;
  state: StepState | null = null;

  constructor(
    readonly node: SceneNode,
    private readonly marks: Readonly<Record<string, Mark>>,
    withState: boolean
  ) {
    this.mark = this.markOf(null);
    this.element = svg('g', `pc-node pc-kind-${node.kind} pc-is-${this.mark.ink}`, {
      role: 'button',
      tabindex: -1,
      'data-id': node.id
    });
    this.place();
    this.tip = svg('title', '');
    this.corner = svg('text', 'pc-state', { 'text-anchor': 'end' });
    // An SVG element's title is its name for who does not see, and its tooltip for who does.
    this.element.append(this.tip, ...(node.shape === 'diamond' ? this.diamond() : this.card()));
    // From afar the sign alone stands for the state, as large as the card.
    this.glyph = svg('text', 'pc-glyph', { x: node.width / 2, y: node.height / 2 + 11, 'text-anchor': 'middle' });
    if (withState) {
      this.element.append(this.corner, this.glyph);
    }
    this.withState = withState;
    this.tick(0);
    this.describe();
  }

  /** Move to where the scene has it. */
  place(): void {
    this.element.style.transform = `translate(${this.node.x}px, ${this.node.y}px)`;
  }

  /** Show a state; `now` counts from the document's epoch. */
  show(state: StepState | null, now: number): void {
    this.state = state;
    const mark = this.markOf(state);
    if (mark.ink !== this.mark.ink) {
      this.element.classList.replace(`pc-is-${this.mark.ink}`, `pc-is-${mark.ink}`);
    }
    this.mark = mark;
    this.element.classList.toggle('pc-off', state?.[1] === 'NotTaken');
    const extra = state?.[4];
    this.element.classList.toggle('pc-best', extra?.best === true);
    if (extra?.value !== undefined && this.summary) {
      say(this.summary, extra.value);
      this.summary.classList.add('pc-compared');
    }
    this.tick(now);
    const said = `${mark.word} ${extra?.reason ?? ''} ${extra?.value ?? ''}`;
    if (said !== this.said) {
      this.said = said;
      this.describe();
    }
  }

  /** Let the clock of a running step go on. */
  tick(now: number): void {
    if (this.withState) {
      say(this.corner, this.right(now));
      say(this.glyph, this.mark.sign);
    }
  }

  /** Whether its clock runs. */
  get running(): boolean {
    return this.mark.ink === 'run' && this.state?.[2] !== null && this.state?.[3] === null;
  }

  /** What a screen reader says of it. */
  get spoken(): string {
    const { node, mark, state } = this;
    const parts = [node.name, node.type, this.summary?.textContent ?? node.summary];
    if (this.withState) {
      parts.push(mark.word || 'waiting');
    }
    if (state?.[4]?.reason) {
      parts.push(state[4].reason);
    }
    if (node.hidden > 0) {
      parts.push(`${node.hidden} steps`);
    }
    return parts.filter(Boolean).map(isolated).join(', ');
  }

  private describe(): void {
    say(this.tip, this.node.cell === null ? this.spoken : `${this.spoken}, cell ${this.node.cell}`);
  }

  private markOf(state: StepState | null): Mark {
    if (state?.[4]?.cached) {
      return this.marks.reused ?? UNKNOWN;
    }
    const status = state?.[1] ?? '';
    return this.marks[status] ?? { ...UNKNOWN, word: status };
  }

  private right(now: number): string {
    const { mark, state, node } = this;
    if (node.shape === 'diamond') {
      return mark.sign;
    }
    if (state?.[4]?.cached) {
      return `${mark.word} ${mark.sign}`;
    }
    const started = state?.[2] ?? null;
    if (state === null || started === null) {
      return mark.sign;
    }
    return `${duration((state[3] ?? now) - started)} ${mark.sign}`;
  }

  private *card(): Generator<SVGElement> {
    const { node } = this;
    if (node.fold === 'folded') {
      for (const shift of [8, 4]) {
        yield svg('rect', 'pc-body pc-behind', box(node, shift));
      }
    }
    yield svg('rect', 'pc-halo', { x: -3, y: -3, width: node.width + 6, height: node.height + 6, rx: 10 });
    yield svg('rect', 'pc-body', box(node, 0));
    yield svg('path', 'pc-bar', { d: `M7 0H5V${node.height}H7A7 7 0 0 1 0 ${node.height - 7}V7A7 7 0 0 1 7 0Z` });
    yield svg('text', 'pc-title', { x: 14, y: 21 }, node.title);
    this.summary = svg('text', 'pc-summary', { x: 14, y: 39 }, node.summary);
    yield this.summary;
    this.corner.setAttribute('x', String(node.width - 10));
    this.corner.setAttribute('y', '21');
    if (node.fold !== null) {
      yield this.toggle(node.width - 18, node.height - 13);
    }
  }

  private *diamond(): Generator<SVGElement> {
    const { node } = this;
    const middle = { x: node.width / 2, y: node.height / 2 };
    const path = `M${middle.x} 0L${node.width} ${middle.y}L${middle.x} ${node.height}L0 ${middle.y}Z`;
    yield svg('path', 'pc-halo', { d: path });
    yield svg('path', 'pc-body pc-decision', { d: path });
    const centred = { x: middle.x, 'text-anchor': 'middle' };
    yield svg('text', 'pc-title', { ...centred, y: node.summary ? middle.y - 3 : middle.y + 4 }, node.title);
    this.summary = svg('text', 'pc-summary', { ...centred, y: middle.y + 14 }, node.summary);
    yield this.summary;
    this.corner.setAttribute('x', String(middle.x));
    this.corner.setAttribute('y', String(middle.y - 21));
    this.corner.setAttribute('text-anchor', 'middle');
    if (node.fold !== null) {
      yield this.toggle(middle.x, node.height - 14);
    }
  }

  private toggle(x: number, y: number): SVGGElement {
    const folded = this.node.fold === 'folded';
    return svg(
      'g',
      'pc-toggle',
      { transform: `translate(${x} ${y})`, 'aria-hidden': 'true' },
      svg('title', '', {}, folded ? `Open: ${this.node.hidden} steps` : 'Fold'),
      svg('rect', '', { x: -11, y: -9, width: 22, height: 17, rx: 5 }),
      svg('path', '', { d: folded ? 'M-4 -2.5L0 1.5L4 -2.5' : 'M-4 1.5L0 -2.5L4 1.5' })
    );
  }

  private summary: SVGTextElement | null = null;
  private said = '';
  private readonly tip: SVGTitleElement;
  private readonly corner: SVGTextElement;
  private readonly glyph: SVGTextElement;
  private readonly withState: boolean;
}

function box(node: SceneNode, shift: number): Record<string, number> {
  return { x: shift, y: shift, width: node.width, height: node.height, rx: 7 };
}
