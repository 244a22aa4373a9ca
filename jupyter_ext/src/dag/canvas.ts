/** The drawing: groups, lines and cards in one SVG, seen through a camera. */

import { Camera, type Frame } from './camera';
import { Card } from './card';
import { html, svg } from './dom';
import { Heat } from './heat';
import type { DagDocument, Point, Scene, SceneNode, SceneWire, StepState } from './model';
import { appendInParts } from './parts';
import { Pulses } from './pulses';

const MARGIN = 16;
const CORNER = 7;

/** Steps that run at once above which their cards do not move for their own sake. */
const MOST_MOVING = 24;

/** What the drawing tells. */
export interface CanvasEvents {
  select(id: string): void;
  toggle(id: string): void;
  moved(): void;
}

let drawings = 0;

export class Canvas {
  readonly element: HTMLDivElement;
  readonly camera: Camera;
  scene: Scene | null = null;
  readonly cards = new Map<string, Card>();

  constructor(private readonly events: CanvasEvents) {
    this.tipId = `pc-tip-${++drawings}`;
    this.svg = svg('svg', 'pc-drawing', { role: 'group', 'aria-label': 'Steps' });
    this.layer = html('div', 'pc-layer', {}, this.svg, this.pulses.element);
    this.element = html('div', 'pc-canvas', {}, this.layer, this.nothing);
    this.camera = new Camera(this.element, this.layer, () => events.moved());
    this.svg.addEventListener('click', event => this.click(event));
    this.svg.addEventListener('dblclick', event => this.doubleClick(event));
  }

  /** Draw a scene; cards that stay glide to their new places. */
  draw(scene: Scene, document: DagDocument): void {
    const before = new Map([...this.cards].map(([id, card]) => [id, card.node]));
    this.scene = scene;
    this.cards.clear();
    this.nothing.hidden = scene.nodes.length > 0;
    this.pulses.show([], MARGIN);
    const wires = svg('g', 'pc-wires');
    this.wires = scene.wires.map(wire => ({ wire, element: this.wire(wire) }));
    appendInParts(wires, this.wires.map(item => item.element));
    const nodes = svg('g', 'pc-nodes');
    for (const node of scene.nodes) {
      const card = new Card(node, document.marks, document.run !== null);
      this.cards.set(node.id, card);
      const old = before.get(node.id);
      if (old && (old.x !== node.x || old.y !== node.y)) {
        card.element.style.transform = `translate(${old.x}px, ${old.y}px)`;
        requestAnimationFrame(() => card.place());
      } else if (before.size > 0 && !old) {
        card.element.classList.add('pc-new');
      }
    }
    appendInParts(nodes, [...this.cards.values()].map(card => card.element));
    const groups = scene.groups.map(group =>
      svg('rect', 'pc-group', { x: group.x, y: group.y, width: group.width, height: group.height, rx: 10 })
    );
    const labels = scene.wires.flatMap(wire => this.label(wire));
    const [width, height] = [scene.width + 2 * MARGIN, scene.height + 2 * MARGIN];
    for (const [name, value] of Object.entries({
      width,
      height,
      viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}`
    })) {
      this.svg.setAttribute(name, String(value));
    }
    this.svg.classList.toggle('pc-crossfade', before.size > 0);
    this.svg.replaceChildren(this.defs(), svg('g', 'pc-groups', {}, ...groups), wires, nodes, svg('g', '', {}, ...labels));
    const first = scene.nodes[0];
    this.camera.resize(width, height, first ? first.y + first.height / 2 + MARGIN : 0);
  }

  /** Draw some nodes of the same scene again, in their places. */
  replace(document: DagDocument, nodes: readonly SceneNode[], now: number): void {
    this.scene = document.scene;
    for (const node of nodes) {
      const before = this.cards.get(node.id);
      if (before) {
        const focused = before.element === window.document.activeElement;
        const card = new Card(node, document.marks, document.run !== null);
        this.cards.set(node.id, card);
        before.element.replaceWith(card.element);
        card.show(before.state, now);
        card.element.classList.toggle('pc-selected', before.element.classList.contains('pc-selected'));
        card.element.setAttribute('aria-pressed', before.element.getAttribute('aria-pressed') ?? 'false');
        card.element.setAttribute('tabindex', before.element.getAttribute('tabindex') ?? '-1');
        if (focused) {
          card.element.focus({ preventScroll: true });
        }
      }
    }
  }

  /** Show what changed in a run: gliding where little does, at once where much does. */
  change(states: readonly StepState[], now: number): void {
    this.heat.add(states.length);
    this.show(states, now);
  }

  /** Show the states of some nodes. */
  show(states: Iterable<StepState>, now: number): void {
    let touched = false;
    for (const state of states) {
      const node = this.scene?.nodes[state[0]];
      if (node) {
        this.cards.get(node.id)?.show(state, now);
        touched = true;
      }
    }
    if (touched) {
      this.shadeWires();
      const running = [...this.cards.values()].filter(card => card.mark.ink === 'run');
      this.pulses.show(running.length > MOST_MOVING ? [] : running, MARGIN);
    }
  }

  /** Let the clocks of running steps go on. */
  tick(now: number): void {
    for (const card of this.cards.values()) {
      if (card.running) {
        card.tick(now);
      }
    }
  }

  /** Mark one node, and let the keyboard begin there. */
  select(id: string): void {
    for (const [name, card] of this.cards) {
      card.element.classList.toggle('pc-selected', name === id);
      card.element.setAttribute('aria-pressed', String(name === id));
    }
    this.setTabStop(id || this.tabStop);
  }

  /** Put the keyboard's focus on a node and bring it into view. */
  focus(id: string): void {
    const card = this.cards.get(id);
    if (card) {
      this.setTabStop(id);
      this.reveal(id);
      card.element.focus({ preventScroll: true });
    }
  }

  /** Bring a node into view, `apart` from the edges if need be. */
  reveal(id: string, apart = false): void {
    const frame = this.frame(id);
    if (frame) {
      this.camera.reveal(frame, apart);
    }
  }

  /** Bring a node into view that is not in it whole; a drawing that is seen whole stays so. */
  keep(id: string): void {
    const frame = this.frame(id);
    if (frame && !this.camera.shows(frame)) {
      this.camera.reveal(frame, true);
    }
  }

  private frame(id: string): Frame | null {
    const node = this.cards.get(id)?.node;
    return node ? { ...node, x: node.x + MARGIN, y: node.y + MARGIN } : null;
  }

  /** Bring the first of some nodes into view, unless one of them is. */
  revealOneOf(ids: readonly string[]): void {
    const { x, y, width, height } = this.camera.seen;
    const seen = ids.some(id => {
      const node = this.cards.get(id)?.node;
      return node !== undefined && node.x >= x && node.y >= y && node.x < x + width && node.y < y + height;
    });
    if (!seen && ids[0] !== undefined) {
      this.reveal(ids[0]);
    }
  }

  /** Keep what a search found, fade the rest; null shows all. */
  filter(found: ReadonlySet<string> | null): void {
    this.element.classList.toggle('pc-searching', found !== null);
    for (const [id, card] of this.cards) {
      card.element.classList.toggle('pc-found', found?.has(id) ?? false);
    }
  }

  /** The node in some direction from another one: along the lines first, else the nearest. */
  neighbour(id: string, dx: number, dy: number): string | null {
    const from = this.cards.get(id)?.node;
    if (!from || !this.scene) {
      return null;
    }
    let best: { id: string; cost: number } | null = null;
    for (const node of this.scene.nodes) {
      const across = node.x + node.width / 2 - from.x - from.width / 2;
      const down = node.y + node.height / 2 - from.y - from.height / 2;
      const ahead = across * dx + down * dy;
      if (node.id === id || ahead < 8) {
        continue;
      }
      const cost = ahead + 2.5 * Math.abs(across * dy + down * dx);
      if (best === null || cost < best.cost) {
        best = { id: node.id, cost };
      }
    }
    return best?.id ?? null;
  }

  /** Id of the node that the Tab key reaches. */
  tabStop = '';

  private setTabStop(id: string): void {
    this.cards.get(this.tabStop)?.element.setAttribute('tabindex', '-1');
    const stop = this.cards.has(id) ? id : (this.scene?.nodes[0]?.id ?? '');
    this.tabStop = stop;
    this.cards.get(stop)?.element.setAttribute('tabindex', '0');
  }

  private shadeWires(): void {
    for (const { wire, element } of this.wires) {
      const source = this.cards.get(wire.source);
      const targets = wire.targets.map(id => this.cards.get(id));
      const off = [source, ...(targets.every(isOff) ? targets : [])].some(isOff);
      element.classList.toggle('pc-off', off);
      element.classList.toggle('pc-flows', targets.some(card => card?.mark.ink === 'run'));
      element.classList.toggle('pc-passed', !off && hasTime(source, 3) && targets.some(card => hasTime(card, 2)));
    }
  }

  private wire(wire: SceneWire): SVGPathElement {
    const path = svg('path', wire.dashed ? 'pc-wire pc-dashed' : 'pc-wire', {
      d: wire.straight ? rounded(wire.points) : curve(wire.points),
      'marker-end': wire.arrow ? `url(#${this.tipId})` : null
    });
    if (wire.says) {
      path.append(svg('title', '', {}, wire.says));
    }
    return path;
  }

  private label(wire: SceneWire): SVGTextElement[] {
    const at = wire.labelAt;
    if (at === null) {
      return [];
    }
    const first = at[1] - 6 * wire.label.length + 9;
    return wire.label.map((line, index) =>
      svg('text', 'pc-label', { x: at[0], y: first + 12 * index, 'text-anchor': 'middle' }, line)
    );
  }

  private defs(): SVGDefsElement {
    const tip = svg('path', 'pc-tip', { d: 'M0 0.5L8 4L0 7.5z' });
    const marker = { id: this.tipId, viewBox: '0 0 8 8', refX: 7.5, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' };
    return svg('defs', '', {}, svg('marker', '', marker, tip));
  }

  private click(event: Event): void {
    const target = event.target as Element;
    const id = target.closest('.pc-node')?.getAttribute('data-id');
    if (id && target.closest('.pc-toggle')) {
      this.events.toggle(id);
    } else if (id) {
      this.events.select(id);
    }
  }

  private doubleClick(event: Event): void {
    const id = (event.target as Element).closest('.pc-node')?.getAttribute('data-id');
    if (id && this.cards.get(id)?.node.fold) {
      this.events.toggle(id);
    }
  }

  private readonly nothing = html('p', 'pc-nothing', { hidden: true }, 'No steps yet');
  private readonly pulses = new Pulses();
  private readonly heat = new Heat(hot => this.element.classList.toggle('pc-hot', hot));
  private readonly svg: SVGSVGElement;
  private readonly layer: HTMLDivElement;
  private readonly tipId: string;
  private wires: { wire: SceneWire; element: SVGPathElement }[] = [];
}

function isOff(card: Card | undefined): boolean {
  return card?.state?.[1] === 'NotTaken';
}

/** Whether a card's step has begun (2) or ended (3). */
function hasTime(card: Card | undefined, which: 2 | 3): boolean {
  return typeof card?.state?.[which] === 'number';
}

function at(point: Point): string {
  return `${point[0]} ${point[1]}`;
}

function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  return first ? `M${at(first)}${rest.map((point, index) => `${index % 3 === 0 ? 'C' : ' '}${at(point)}`).join('')}` : '';
}

/** A polyline along the axes, its corners rounded. */
function rounded(points: readonly Point[]): string {
  const toward = (corner: Point, other: Point): Point => {
    const [dx, dy] = [other[0] - corner[0], other[1] - corner[1]];
    const length = Math.abs(dx) + Math.abs(dy) || 1;
    const part = Math.min(CORNER, length / 2) / length;
    return [corner[0] + dx * part, corner[1] + dy * part];
  };
  return points
    .map((corner, index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (!before) {
        return `M${at(corner)}`;
      }
      return after ? `L${at(toward(corner, before))}Q${at(corner)} ${at(toward(corner, after))}` : `L${at(corner)}`;
    })
    .join('');
}
