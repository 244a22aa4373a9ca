/** The whole view: header, drawing, drawer and times, kept in step with what the host tells. */

import { Canvas } from './canvas';
import { html, say } from './dom';
import { Drawer } from './drawer';
import { Header } from './header';
import { Minimap } from './minimap';
import type { Action, Choice, DagDocument, Host, HostEvent, RunState, SceneNode, StepState, View } from './model';
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
/** Least time between two drawings of what changed: people see no more of them, and the page stays quick. */
const DRAW_MS = 60;

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
      say: text => this.tell(text, false)
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
      this.progress,
      this.body,
      this.timeline.element,
      this.problems,
      this.toast,
      this.spoken
    );
    this.element.addEventListener('keydown', event => this.key(event));
    this.cleanups.push(followTheme(this.element));
    const watcher = new ResizeObserver(() => this.resized());
    watcher.observe(this.canvas.element);
    this.cleanups.push(() => watcher.disconnect());
    this.clock = window.setInterval(() => this.tick(), 1000);
  }

  /** Take what the host tells. */
  receive(event: HostEvent): void {
    switch (event.type) {
      case 'document':
        if (!('view' in event.document)) {
          this.open(event.document);
        }
        break;
      case 'delta':
        this.collect(event.run, event.steps, event.nodes);
        break;
      case 'scene':
        if (this.document) {
          this.setScene({ ...this.document, scene: event.scene, steps: event.steps });
        }
        break;
      case 'progress':
        this.showProgress(event.what, event.share);
        break;
      case 'said':
        this.tell(event.text, event.bad);
        break;
      default:
        this.drawer.receive(event);
    }
  }

  /** Show a document from the start. */
  open(document: DagDocument): void {
    const same = this.document?.execution === document.execution && this.document.pipeline === document.pipeline;
    this.skew = null;
    this.waitingRun = {}; // of before: the document is newer
    this.header.draw(document, this.host.live);
    this.element.setAttribute('aria-label', `${document.run ? 'Run of' : 'Pipeline'} ${document.pipeline}`);
    this.showProblems(document);
    this.setScene(document);
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
    window.clearInterval(this.clock);
    window.clearTimeout(this.fading);
    this.cleanups.forEach(cleanup => cleanup());
    this.element.remove();
  }

  private cameraMoved(): void {
    this.minimap.move();
  }

  private setScene(document: DagDocument): void {
    this.document = document;
    this.waitingNodes.clear();
    this.waitingSteps.clear(); // they are of the scene before; what comes with this one is newer
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
  }

  /** Take a delta; all that come within a moment are drawn together. */
  private collect(
    run: Partial<RunState> | undefined,
    steps: readonly StepState[] | undefined,
    nodes: readonly (readonly [number, SceneNode])[] | undefined
  ): void {
    this.waitingRun = { ...this.waitingRun, ...run };
    steps?.forEach(state => this.waitingSteps.set(state[0], state));
    nodes?.forEach(([index, node]) => this.waitingNodes.set(index, node));
    if (!this.drawing) {
      this.drawing = true;
      const draw = (): void => this.drawCollected();
      const rest = this.collectedAt + DRAW_MS - performance.now();
      if (document.hidden) {
        setTimeout(draw, 200); // a page in the background has no frames; it must be right when one comes back
      } else if (rest > 0) {
        setTimeout(() => requestAnimationFrame(draw), rest);
      } else {
        requestAnimationFrame(draw);
      }
    }
  }

  private drawCollected(): void {
    const [run, steps] = [this.waitingRun, [...this.waitingSteps.values()]];
    this.drawing = false;
    this.collectedAt = performance.now();
    this.waitingRun = {};
    this.waitingSteps.clear();
    this.changeNodes();
    this.change(run, steps);
  }

  /** Draw nodes again that are otherwise now. */
  private changeNodes(): void {
    if (!this.document || this.waitingNodes.size === 0) {
      return;
    }
    const { scene } = this.document;
    const nodes = scene.nodes.map((node, index) => this.waitingNodes.get(index) ?? node);
    this.document = { ...this.document, scene: { ...scene, nodes } };
    this.canvas.replace(this.document, [...this.waitingNodes.values()], this.now());
    this.waitingNodes.clear();
    this.tools.offerFolding(this.host.live);
    if (this.choice.filter) {
      this.filter(this.choice.filter);
    }
  }

  private change(run: Partial<RunState>, steps: readonly StepState[]): void {
    if (!this.document) {
      return;
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
      say(this.spoken, `${this.document.pipeline} is ${run.status}`);
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

  /** Seconds after the document's epoch; a saved run stands still at its last event. */
  private now(): number {
    if (!this.document) {
      return 0;
    }
    if (!this.host.live) {
      const times = [...this.states.values()].flatMap(state => [state[2] ?? 0, state[3] ?? 0]);
      return this.document.run?.ended ?? Math.max(0, ...times);
    }
    // The browser's clock may differ from the kernel's: count from when the document came, at the latest.
    const browser = Date.now() / 1000 - this.document.epoch;
    if (this.skew === null) {
      const newest = Math.max(0, ...[...this.states.values()].flatMap(state => [state[2] ?? 0, state[3] ?? 0]));
      this.skew = Math.abs(newest - browser) > 86400 ? newest - browser : Math.max(0, newest - browser);
    }
    return browser + this.skew;
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
      this.tell('Copied.', false);
    } catch {
      this.tell(text, false); // not allowed to: at least it can be selected
    }
  }

  private tell(text: string, bad: boolean): void {
    say(this.toast, text);
    this.toast.className = bad ? 'pc-toast pc-bad pc-shown' : 'pc-toast pc-shown';
    window.clearTimeout(this.fading);
    this.fading = window.setTimeout(() => this.toast.classList.remove('pc-shown'), bad ? 9000 : 3000);
  }

  private showProgress(what: string, share: number | null): void {
    this.progress.hidden = share !== null && share >= 1;
    const bar = html('span', share === null ? 'pc-indeterminate' : '');
    bar.style.width = share === null ? '' : `${Math.round(100 * share)}%`;
    this.progress.replaceChildren(html('span', '', {}, what), html('span', 'pc-meter', {}, bar));
  }

  private showProblems(document: DagDocument): void {
    const signs = { error: '✕', warning: '▲', info: '·' };
    this.problems.hidden = document.problems.length === 0;
    this.problems.replaceChildren(
      ...document.problems.map(problem =>
        html(
          'li',
          `pc-problem pc-${problem.severity}`,
          {},
          html('span', 'pc-sign', { 'aria-label': problem.severity, role: 'img' }, signs[problem.severity]),
          html('code', '', {}, problem.code),
          html(
            'span',
            '',
            {},
            `${problem.step && !problem.message.includes(problem.step) ? `${problem.step}: ` : ''}${problem.message} `,
            html('span', 'pc-dim', {}, problem.hint)
          )
        )
      )
    );
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
  private readonly progress = html('div', 'pc-progress', { hidden: true, role: 'status' });
  private readonly problems = html('ul', 'pc-problems', { hidden: true });
  private readonly toast = html('div', 'pc-toast', { role: 'status', 'aria-live': 'polite' });
  private readonly spoken = html('div', 'pc-spoken', { 'aria-live': 'polite' });
  private readonly cleanups: (() => void)[] = [];
  private readonly clock: number;
  private document: DagDocument | null = null;
  private states = new Map<number, StepState>();
  private skew: number | null = null;
  private fading = 0;
  private ticks = 0;
  private drawing = false;
  private collectedAt = Number.NEGATIVE_INFINITY;
  private waitingRun: Partial<RunState> = {};
  private readonly waitingSteps = new Map<number, StepState>();
  private readonly waitingNodes = new Map<number, SceneNode>();
  private timesDrawn = Number.NEGATIVE_INFINITY;
}
