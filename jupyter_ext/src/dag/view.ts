/** The whole view: header, drawing, drawer and times, kept in step with what the host tells. */

import { Canvas } from './canvas';
import { Clock } from './clock';
import { html } from './dom';
import { Drawer } from './drawer';
import { type Changes, Gathered } from './gathered';
import { Header } from './header';
import { isolated } from './isolated';
import { Minimap } from './minimap';
import type { Action, Choice, DagDocument, Host, HostEvent, StepState, View } from './model';
import { Notices } from './notices';
import { Press } from './press';
import { followTheme } from './theme';
import { Timeline } from './timeline';
import { Tools } from './tools';

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
};
const LEAST_HEIGHT = 150;
const MOST_HEIGHT = 460;
const DRAWER_HEIGHT = 380;
const DETAIL_TICKS = 3;
const TIMES_MS = 400;

export class DagView implements View {
  readonly element: HTMLElement;
  readonly choice: Choice = { selection: '', filter: '' };

  constructor(private readonly host: Host) {
    this.canvas = new Canvas({
      select: id => this.select(id === this.choice.selection ? '' : id),
      toggle: id => this.ask({ type: 'toggle', node: id }),
      moved: () => this.cameraMoved()
    });
    this.minimap = new Minimap(this.canvas, this.canvas.camera);
    this.tools = new Tools({
      search: text => this.filter(text),
      next: () => this.next(),
      zoom: factor => this.canvas.camera.zoom(factor),
      fit: () => this.canvas.camera.fit(true),
      fold: all => this.ask({ type: 'fold', all })
    });
    this.header = new Header({
      act: action => this.act(action),
      copy: text => void this.copy(text),
      log: () => this.openLog()
    });
    this.drawer = new Drawer({
      ask: request => this.ask(request),
      close: () => this.select(''),
      act: (action, node) => this.act(action, node),
      say: text => this.notices.tell(text, false)
    });
    this.timeline = new Timeline(id => this.select(id));
    this.canvas.element.append(this.tools.element, this.minimap.element);
    this.body.append(this.canvas.element, this.drawer.element);
    this.element = html(
      'section',
      'pcdag',
      { 'aria-label': 'Pipeline' },
      this.header.element,
      this.header.reason,
      this.notices.progress,
      this.body,
      this.timeline.element,
      this.notices.problems,
      this.notices.toast,
      this.notices.spoken
    );
    this.press = new Press(this.element);
    this.element.addEventListener('keydown', event => this.key(event));
    this.cleanups.push(followTheme(this.element));
    const watcher = new ResizeObserver(() => this.resized());
    watcher.observe(this.canvas.element);
    this.cleanups.push(() => watcher.disconnect());
    this.ticking = window.setInterval(() => this.tick(), 1000);
  }

  /** Take what the host tells. */
  receive(event: HostEvent): void {
    this.press.draw(() => this.take(event));
  }

  private take(event: HostEvent): void {
    switch (event.type) {
      case 'document':
        if (!('view' in event.document) && !this.isDrawn(event.document)) {
          this.open(event.document);
        }
        break;
      case 'delta':
        this.untold = false;
        this.gathered.add(event);
        break;
      case 'scene':
        if (this.document) {
          this.setScene({ ...this.document, scene: event.scene, steps: event.steps });
        }
        break;
      case 'progress':
        this.notices.showProgress(event.what, event.share);
        break;
      case 'said':
        this.notices.tell(event.text, event.bad);
        break;
      default:
        this.drawer.receive(event);
    }
  }

  /** Show a document from the start. */
  open(document: DagDocument): void {
    const same = this.document?.execution === document.execution && this.document.pipeline === document.pipeline;
    this.clock.reset();
    this.gathered.forgetRun();
    this.header.draw(document, this.host.live);
    this.element.setAttribute('aria-label', `${document.run ? 'Run of' : 'Pipeline'} ${document.pipeline}`);
    this.setScene(document);
    this.notices.showProblems(document.problems, step => this.host.live || this.canvas.cards.has(step));
    if (!same) {
      this.sizeCanvas();
      this.canvas.camera.begin();
      const chosen = this.choice.selection;
      this.select('');
      this.select(chosen); // what its drawer holds is of the execution before
    }
  }

  /** Choose a node, as a click does; empty chooses none. */
  select(id: string): void {
    const known = this.canvas.cards.has(id) ? id : '';
    if (known === this.choice.selection) {
      return;
    }
    this.choice.selection = known;
    this.canvas.select(known);
    this.timeline.mark(known);
    const card = this.canvas.cards.get(known);
    this.drawer.open(card?.node ?? null, this.document, this.host.live);
    this.element.classList.toggle('pc-drawn', card !== undefined);
    if (card) {
      this.drawer.mark(card.mark);
      this.canvas.element.style.minHeight = `${DRAWER_HEIGHT}px`;
      this.ask({ type: 'open', node: known });
      requestAnimationFrame(() => this.canvas.reveal(known));
    } else {
      this.canvas.element.style.minHeight = '';
      this.ask({ type: 'close' });
    }
    this.host.chose({ ...this.choice });
  }

  /** Choose a node and bring it into view; what hides it is opened first, where somebody answers. */
  show(id: string): void {
    const drawn = this.canvas.cards.get(id)?.node;
    if (this.host.live && (drawn === undefined || drawn.fold === 'folded')) {
      this.sought = id;
      this.ask({ type: 'show', node: id });
    } else {
      this.choose(id);
    }
  }

  /** Search, as typing does. */
  filter(text: string): void {
    this.choice.filter = text;
    if (this.tools.input.value !== text) {
      this.tools.input.value = text;
    }
    const found = this.found();
    this.canvas.filter(text.trim() ? new Set(found) : null);
    this.canvas.revealOneOf(found);
    this.tools.tell(text.trim() ? found.length : null);
    this.host.chose({ ...this.choice });
  }

  /** Let go of everything outside of the element. */
  dispose(): void {
    window.clearInterval(this.ticking);
    this.notices.dispose();
    this.cleanups.forEach(cleanup => cleanup());
    this.element.remove();
  }

  private cameraMoved(): void {
    this.minimap.move();
  }

  /** Whether a document is just what is drawn: the kernel greets a page with what it had sent a moment before. */
  private isDrawn(document: DagDocument): boolean {
    return this.untold && JSON.stringify(document) === JSON.stringify(this.document);
  }

  private setScene(document: DagDocument): void {
    this.document = document;
    this.untold = true;
    this.gathered.forgetScene();
    this.timesDrawn = Number.NEGATIVE_INFINITY;
    this.canvas.draw(document.scene, document);
    this.states = new Map(document.steps.map(state => [state[0], state]));
    this.canvas.show(this.states.values(), this.now());
    this.timeline.draw(document);
    this.tools.offerFolding(this.host.live && document.scene.nodes.some(node => node.fold !== null));
    if (!this.canvas.camera.moved) {
      this.sizeCanvas();
      this.canvas.camera.follow(true);
    }
    this.minimap.draw();
    if (this.choice.selection && !this.canvas.cards.has(this.choice.selection)) {
      this.select('');
    } else {
      this.canvas.select(this.choice.selection);
    }
    if (this.choice.filter) {
      this.filter(this.choice.filter);
    }
    this.showRun();
    if (this.sought) {
      this.choose(this.sought);
    }
  }

  /** Choose a node that was sought. */
  private choose(id: string): void {
    this.sought = '';
    if (this.choice.selection === id) {
      this.select(''); // it may have been a stack that has the name of its first step
    }
    this.select(id);
    requestAnimationFrame(() => this.canvas.reveal(id, true));
    if (!this.choice.selection) {
      this.notices.tell(`${isolated(id)} is not in the drawing.`, false);
    }
  }

  private change({ run, steps, nodes }: Changes): void {
    if (!this.document) {
      return;
    }
    if (nodes.size > 0) {
      this.changeNodes(this.document, nodes);
    }
    const before = this.document.run;
    if (before) {
      this.document = { ...this.document, run: { ...before, ...run } };
    }
    if (steps.length > 0) {
      steps.forEach(state => this.states.set(state[0], state));
      this.canvas.change(steps, this.now());
      this.minimap.colour();
    }
    const chosen = this.canvas.cards.get(this.choice.selection);
    if (chosen) {
      this.drawer.mark(chosen.mark);
    }
    this.showRun();
    if (run.status !== undefined && run.status !== before?.status) {
      this.notices.speak(`${this.document.pipeline} is ${run.status}`);
    }
  }

  /** Draw nodes again that are otherwise now. */
  private changeNodes(document: DagDocument, changed: Changes['nodes']): void {
    const nodes = document.scene.nodes.map((node, index) => changed.get(index) ?? node);
    this.document = { ...document, scene: { ...document.scene, nodes } };
    this.canvas.replace(this.document, [...changed.values()], this.now());
    this.tools.offerFolding(this.host.live);
    if (this.choice.filter) {
      this.filter(this.choice.filter);
    }
  }

  private showRun(): void {
    const { document } = this;
    if (document?.run) {
      const mark = document.marks[document.run.status] ?? { sign: '•', ink: 'wait', word: '' };
      this.element.classList.toggle('pc-running', document.run.running);
      this.header.show(document.run, mark, this.now());
      const elapsed = performance.now() - this.timesDrawn;
      if (elapsed > TIMES_MS || !document.run.running) {
        this.timesDrawn = performance.now(); // the clock's tick draws what is left out here
        this.timeline.show(this.states, document.run, this.now());
      }
    }
  }

  private tick(): void {
    const run = this.document?.run;
    if (run?.running && this.host.live && this.element.isConnected) {
      const now = this.now();
      this.header.tick(run, now);
      this.canvas.tick(now);
      this.timeline.show(this.states, run, now);
      this.ticks += 1;
      if (this.ticks % DETAIL_TICKS === 0 && this.canvas.cards.get(this.choice.selection)?.running) {
        this.ask({ type: 'open', node: this.choice.selection }); // its numbers grow while it runs
      }
    }
  }

  private now(): number {
    return this.clock.now(this.document, this.states.values(), this.host.live);
  }

  private found(): string[] {
    const wanted = this.choice.filter.trim().toLowerCase();
    if (!wanted || !this.document) {
      return [];
    }
    const states = new Map([...this.states].map(([index, state]) => [this.document?.scene.nodes[index]?.id, state[1]]));
    return this.document.scene.nodes
      .filter(node =>
        [node.name, node.type, node.summary, states.get(node.id) ?? ''].some(text => text.toLowerCase().includes(wanted))
      )
      .map(node => node.id);
  }

  private next(): void {
    const found = this.found();
    if (found.length > 0) {
      const index = (found.indexOf(this.canvas.tabStop) + 1) % found.length;
      const id = found[index] ?? '';
      this.canvas.reveal(id);
      this.canvas.tabStop = id;
      this.select(id);
    }
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as Element;
    // Inside the view, keys are the view's: a notebook in command mode would act on them.
    if (event.key !== 'Tab') {
      event.stopPropagation();
    }
    const id = target.closest('.pc-node')?.getAttribute('data-id');
    if (event.key === 'Escape' && this.choice.selection) {
      const chosen = this.choice.selection;
      this.select('');
      this.canvas.focus(chosen);
    } else if (target.matches('input, textarea')) {
      return;
    } else if (event.key === '/' || (event.key === 'f' && (event.ctrlKey || event.metaKey))) {
      this.tools.input.focus();
    } else if (event.key === '+' || event.key === '=') {
      this.canvas.camera.zoom(1.3);
    } else if (event.key === '-') {
      this.canvas.camera.zoom(1 / 1.3);
    } else if (event.key === '0') {
      this.canvas.camera.fit(true);
    } else if (id && (event.key === 'Enter' || event.key === ' ')) {
      this.select(id === this.choice.selection ? '' : id);
    } else if (id && event.key === 'f') {
      this.ask({ type: 'toggle', node: id });
    } else if (id && ARROWS[event.key]) {
      const [dx, dy] = ARROWS[event.key] ?? [0, 0];
      this.canvas.focus(this.canvas.neighbour(id, dx, dy) ?? id);
    } else {
      return;
    }
    event.preventDefault();
  }

  private openLog(): void {
    const cards = [...this.canvas.cards.values()];
    const telling =
      cards.find(card => card.mark.ink === 'fail') ??
      cards.find(card => card.running) ??
      cards.filter(card => card.state !== null).at(-1);
    if (telling) {
      this.select(telling.node.id);
      this.drawer.prefer('Log');
    }
  }

  private act(action: Action, node?: string): void {
    this.ask(node === undefined ? { type: 'act', action } : { type: 'act', action, node });
  }

  private ask(request: Parameters<Host['ask']>[0]): void {
    this.host.ask(request);
  }

  private async copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.notices.tell('Copied.', false);
    } catch {
      this.notices.tell(text, false); // not allowed to: at least it can be selected
    }
  }

  private sizeCanvas(): void {
    const scene = this.document?.scene;
    if (scene) {
      const width = this.canvas.element.clientWidth || 900;
      const scale = Math.min(1, (width - 24) / (scene.width + 32));
      const height = Math.round((scene.height + 32) * scale + 64);
      this.canvas.element.style.height = `${Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, height))}px`;
    }
  }

  private resized(): void {
    this.canvas.camera.measure();
    if (!this.canvas.camera.moved) {
      if (!this.choice.selection) {
        this.sizeCanvas();
      }
      this.canvas.camera.follow();
      this.canvas.keep(this.choice.selection);
    }
    this.minimap.move();
  }

  private readonly canvas: Canvas;
  private readonly minimap: Minimap;
  private readonly tools: Tools;
  private readonly header: Header;
  private readonly drawer: Drawer;
  private readonly timeline: Timeline;
  private readonly body = html('div', 'pc-main');
  private readonly notices = new Notices(step => this.show(step));
  private readonly press: Press;
  private readonly clock = new Clock();
  private readonly gathered = new Gathered(changes => this.press.draw(() => this.change(changes)));
  private readonly cleanups: (() => void)[] = [];
  private readonly ticking: number;
  private document: DagDocument | null = null;
  /** The node that a person wants to see and that is not drawn yet; empty for none. */
  private sought = '';
  private states = new Map<number, StepState>();
  private ticks = 0;
  /** Whether nothing was told since the document. */
  private untold = false;
  private timesDrawn = Number.NEGATIVE_INFINITY;
}
