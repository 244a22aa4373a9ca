/** The pipelines of one notebook: follows its kernel from start to restart, and its cells as they change. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage as Jupyter } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { KernelLink, type LinkState } from '../kernel/link';
import type { ExecutionRow, KernelMessage, Pipeline, RequestName, Requests, Target } from '../kernel/protocol';
import type { ISettings } from '../tokens';
import { apply, EMPTY, isOf, listKey, newest, type Execution, type KernelState } from '../kernel/state';
import { declaredBy, deletedCells, editedCells, staleSteps, type Declared, type Stale } from './stale';

/** Code that may load pipecell, or uses it. */
const OURS = /pipecell|%%?pipeline\b|%%step\b/;

/** What a notebook's kernel is called while JupyterLab starts it, or reaches for it. */
const ARRIVING: readonly string[] = ['starting', 'connecting', 'restarting', 'autorestarting'];

/** Milliseconds without typing after which it is looked whether steps are stale. */
const REST = 250;

/** What is known of one notebook, and what can be asked of its kernel. */
export class NotebookPipelines implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    private readonly settings: ISettings | null
  ) {
    const { sessionContext } = panel;
    sessionContext.kernelChanged.connect(this.switched, this);
    sessionContext.statusChanged.connect(this.statusChanged, this);
    sessionContext.connectionStatusChanged.connect(this.reached, this);
    sessionContext.iopubMessage.connect(this.overheard, this);
    panel.context.model.contentChanged.connect(this.typed, this);
    settings?.changed.connect(this.set, this);
    // When the panel itself is disposed, its kernel's connection is gone: too late to say good-bye.
    panel.content.disposed.connect(() => this.dispose());
    void sessionContext.ready.then(() => {
      this.meet();
      if (!this._isDisposed && this._link === null) {
        this.connect(sessionContext.session?.kernel ?? null);
      }
    });
  }

  get state(): KernelState {
    return this._state;
  }

  /** How far the link to the kernel's pipecell is. */
  get link(): LinkState {
    return this._link?.state ?? 'absent';
  }

  /** Whether the kernel is one that runs at all. */
  get alive(): boolean {
    const status = this.panel.sessionContext.session?.kernel?.status;
    return status !== undefined && status !== 'dead' && status !== 'unknown';
  }

  /** Whether the kernel is on its way: it starts, or the connection to it is being made. */
  get arriving(): boolean {
    return ARRIVING.includes(this.panel.sessionContext.kernelDisplayStatus);
  }

  /** The language of the kernel, where it is another one than Python's; empty else, and while it is not known. */
  get language(): string {
    return this._language === 'python' ? '' : this._language;
  }

  /**
   * What the kernel's answers wait for: `connection`, for it is lost; `cell`, the end of the one that runs, in
   * an old kernel without subshells; null for nothing.
   */
  get obstacle(): 'connection' | 'cell' | null {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (kernel && kernel.connectionStatus !== 'connected') {
      return 'connection';
    }
    return kernel?.status === 'busy' && !kernel.supportsSubshells ? 'cell' : null;
  }

  /** Whether the kernel was asked to load pipecell and has none. */
  get missing(): boolean {
    return this._missing;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Emitted when anything is another than before. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with what is not kept in the state: lines of logs, how far something is. */
  get told(): ISignal<this, KernelMessage> {
    return this._told;
  }

  /** Every pipeline, in the order of their declaration. */
  get pipelines(): readonly Pipeline[] {
    return [...this._state.pipelines.values()];
  }

  /** The pipeline that buttons mean: the chosen one, else the one that was declared or began to run last. */
  get chosen(): Pipeline | null {
    const known = this._state.pipelines;
    return known.get(this._chosen) ?? known.get(this._latest) ?? this.pipelines.at(-1) ?? null;
  }

  /** Choose a pipeline by name. */
  choose(name: string): void {
    if (this._chosen !== name) {
      this._chosen = name;
      this._changed.emit();
    }
  }

  /** Where runs of this notebook go: where its kernel's calls go. */
  get target(): Target {
    return this._state.calls?.target ?? 'local';
  }

  /** The execution that is shown: the one attached to, else the newest. */
  execution(pipeline: Pipeline): Execution | null {
    const shown = this._state.executions.get(this._attached.get(pipeline.name) ?? '');
    return shown ?? newest(this._state, pipeline);
  }

  /** The stale steps of a pipeline, by id. */
  stale(pipeline: Pipeline): ReadonlyMap<string, Stale> {
    let found = this._stale.get(pipeline);
    if (found === undefined) {
      const changed = this._state.lists.get(listKey(pipeline.name, 'local'))?.changed ?? [];
      found = staleSteps(pipeline, this.texts(), this._seen, changed);
      this._stale.set(pipeline, found);
    }
    return found;
  }

  /** Ids of the declaring cells that read otherwise than when they ran. */
  get edited(): ReadonlySet<string> {
    return this._edited;
  }

  /** What cells declared that were deleted and are here again, by cell: the kernel has forgotten them. */
  get returned(): ReadonlyMap<string, Declared> {
    if (this._forgotten.size === 0) {
      return new Map(); // as nearly always, and it is asked for at every change
    }
    const texts = this.texts();
    const declaring = new Set(this.pipelines.flatMap(pipeline => pipeline.cells.map(cell => cell.id)));
    const back = ([id, { pipeline }]: [string, Declared]): boolean =>
      pipeline !== '' && texts.has(id) && !declaring.has(id);
    return new Map([...this._forgotten].filter(back));
  }

  /** Whether a cell is one of this notebook. */
  has(cell: string): boolean {
    return [...(this.panel.content.model?.cells ?? [])].some(model => model.id === cell);
  }

  /** Have the kernel do something. */
  ask<T extends RequestName>(type: T, request: Requests[T][0]): Promise<Requests[T][1]> {
    return this._link === null ? Promise.reject(new Error('There is no kernel.')) : this._link.ask(type, request);
  }

  /** Choose where the kernel's AWS calls go. */
  async move(target: Target): Promise<void> {
    this._moving = this.ask('target', { target }).then(() => undefined);
    await this._moving;
  }

  /** Where runs go, when a choice that is on its way has arrived. */
  async whereTo(): Promise<Target> {
    await this._moving.catch(() => undefined);
    return this.target;
  }

  /** Start the pipeline; returns the line that says what was started. */
  async run(pipeline: Pipeline, on: Target): Promise<string> {
    const started = await this.ask('run', { pipeline: pipeline.name, on });
    this.attach(pipeline, started.arn);
    return started.line;
  }

  /** Show an execution in place of the newest. */
  attach(pipeline: Pipeline, arn: string): void {
    this._attached.set(pipeline.name, arn);
    this._changed.emit();
  }

  /** Ask for the executions of all pipelines anew. */
  relist(on: Target = 'local'): void {
    for (const pipeline of this.link === 'open' ? this.pipelines : []) {
      void this.ask('list', { pipeline: pipeline.name, on }).catch(() => undefined);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._resting);
    const { sessionContext } = this.panel;
    sessionContext.kernelChanged.disconnect(this.switched, this);
    sessionContext.statusChanged.disconnect(this.statusChanged, this);
    sessionContext.connectionStatusChanged.disconnect(this.reached, this);
    sessionContext.iopubMessage.disconnect(this.overheard, this);
    this.panel.context.model.contentChanged.disconnect(this.typed, this);
    this.settings?.changed.disconnect(this.set, this);
    this._link?.dispose();
    this._link = null;
    this._state = EMPTY;
    Signal.clearData(this);
  }

  private connect(kernel: Kernel.IKernelConnection | null): void {
    this._link?.dispose();
    this._link = null;
    this.clear();
    if (kernel !== null) {
      const link = new KernelLink(kernel);
      link.told.connect((_, message) => this.take(message));
      link.stateChanged.connect(() => this.linked());
      this._link = link;
      this._language = '';
      this._missing = false;
      this._met = this.greet(kernel);
      if (this.mentionsUs()) {
        void this.open();
      }
    }
  }

  /** Look for pipecell in the kernel. One of another language than Python's may not even know comms. */
  private async open(): Promise<void> {
    const link = this._link;
    await this._met;
    if (link !== null && link === this._link && this.language === '') {
      await link.open().catch(() => link.reset());
    }
  }

  /** Learn which language a kernel speaks. */
  private async greet(kernel: Kernel.IKernelConnection): Promise<void> {
    const info = await kernel.info.catch(() => null);
    if (kernel === this.panel.sessionContext.session?.kernel) {
      this._language = info?.language_info.name ?? '';
      this._changed.emit();
    }
  }

  private switched(_: ISessionContext, change: { newValue: Kernel.IKernelConnection | null }): void {
    this.connect(change.newValue);
  }

  private statusChanged(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this._loaded = false;
      this._link?.reset();
      this._missing = false;
      this.clear();
    } else {
      this._changed.emit();
    }
  }

  private reached(): void {
    this._changed.emit();
  }

  /** Look for pipecell again after each cell that may have loaded it. */
  private overheard(_: ISessionContext, message: Jupyter.IMessage): void {
    const kind = message.header.msg_type;
    const { msg_id: request = '' } = message.parent_header as { msg_id?: string };
    if (kind === 'execute_input') {
      const { code } = message.content as { code: string };
      if (OURS.test(code)) {
        this._loading = request;
      }
    } else if (request === '' || request !== this._loading) {
      return;
    } else if (kind === 'error') {
      const { ename, evalue } = message.content as { ename: string; evalue: string };
      this._missing = ename === 'ModuleNotFoundError' && /\bpipecell\b/.test(evalue);
    } else if (kind === 'status' && (message.content as { execution_state: string }).execution_state === 'idle') {
      this._loading = '';
      if (this.link === 'absent') {
        void this.open();
      } else {
        this._loaded = this.link === 'opening';
      }
    }
  }

  private take(message: KernelMessage): void {
    if (message.type === 'log' || message.type === 'progress') {
      this._told.emit(message);
      return;
    }
    if (message.type === 'pipeline') {
      this.follow(message.pipeline);
    } else if (message.type === 'execution' && message.row.running && !this._state.executions.has(message.arn)) {
      this.attend(message.row);
    }
    const next = apply(this._state, message);
    if (next !== this._state) {
      this._state = next;
      if (message.type === 'executions') {
        this._stale = new WeakMap();
      } else if (message.type === 'pipeline') {
        this.tellEdited();
      }
      this._changed.emit();
    }
  }

  /** Turn to the pipeline of this notebook that begins to run, or is met running, unless people chose one. */
  private attend(row: ExecutionRow): void {
    const run = this.pipelines.find(each => isOf(row, each) && each.cells.some(cell => this.has(cell.id)));
    this._latest = run?.name ?? this._latest;
  }

  /** Turn to the pipeline that a cell of this notebook has just declared, whatever was chosen before. */
  private follow(pipeline: Pipeline): void {
    const before = this._state.pipelines.get(pipeline.name)?.cells ?? [];
    const ran = pipeline.cells.filter(cell => before.find(other => other.id === cell.id)?.number !== cell.number);
    if (ran.some(cell => this.has(cell.id))) {
      this._latest = pipeline.name;
      this._chosen = '';
    }
    pipeline.cells.filter(cell => this.has(cell.id)).forEach(cell => this._forgotten.delete(cell.id));
  }

  private linked(): void {
    if (this.link === 'open') {
      this._missing = false;
    }
    if (this.link === 'absent') {
      this.clear();
      if (this._loaded) {
        this._loaded = false;
        void this.open();
      }
    } else {
      this._defaultProfile = '';
      this.set();
      this._changed.emit();
    }
  }

  /** Tell the kernel what people set, where it does not know. */
  private set(): void {
    const profile = this.settings?.profile ?? '';
    if (this.link === 'open' && profile !== this._defaultProfile) {
      this._defaultProfile = profile;
      void this.ask('defaults', { profile }).catch(() => undefined);
    }
  }

  private clear(): void {
    this._state = EMPTY;
    this._attached.clear();
    this._forgotten.clear();
    this._edited = new Set();
    this._changed.emit();
  }

  private typed(): void {
    window.clearTimeout(this._resting);
    this._resting = window.setTimeout(() => {
      this._stale = new WeakMap();
      this.forgetDeleted();
      this.tellEdited();
      this._changed.emit();
    }, REST);
  }

  /** Have the kernel forget cells that this notebook had and has no more; others may be another notebook's. */
  private forgetDeleted(): void {
    const now = this.meet();
    for (const cell of this.link === 'open' ? deletedCells(this._state, this._seen, now) : []) {
      if (!this._forgotten.has(cell)) {
        this._forgotten.set(cell, declaredBy(this.pipelines, cell));
        void this.ask('forget', { cell }).catch(() => undefined);
      }
    }
  }

  /** Tell the kernel which cells read otherwise than when they ran: it cannot know what they declare now. */
  private tellEdited(): void {
    const edited = this.link === 'open' ? editedCells(this._state, this.texts()) : new Set<string>();
    const turned = [...edited, ...this._edited].filter(cell => edited.has(cell) !== this._edited.has(cell));
    this._edited = edited;
    turned.forEach(cell => void this.ask('edited', { cell, edited: edited.has(cell) }).catch(() => undefined));
  }

  /** Take note of the cells that are here now; returns their texts. */
  private meet(): ReadonlyMap<string, string> {
    const now = this.texts();
    this._seen = new Set([...this._seen, ...now.keys()]);
    return now;
  }

  /** Of all cells that can run: what was made text declares nothing, as if it had been deleted. */
  private texts(): Map<string, string> {
    const cells = [...(this.panel.content.model?.cells ?? [])].filter(cell => cell.type === 'code');
    return new Map(cells.map(cell => [cell.id, cell.sharedModel.getSource()]));
  }

  private mentionsUs(): boolean {
    return [...this.texts().values()].some(text => OURS.test(text));
  }

  private _link: KernelLink | null = null;
  private _state = EMPTY;
  /** What the kernel was told; empty for nothing. */
  private _defaultProfile = '';
  private _moving: Promise<void> = Promise.resolve();
  private _chosen = '';
  private _latest = '';
  private _loading = '';
  /** Whether a cell that may have loaded pipecell ended while the kernel was being asked for it: perhaps too early. */
  private _loaded = false;
  private _isDisposed = false;
  private _resting = 0;
  private _language = '';
  private _met: Promise<void> = Promise.resolve();
  private _missing = false;
  /** Every cell that this notebook has or had, by id. */
  private _seen: ReadonlySet<string> = new Set();
  /** The cells that the kernel was told are edited. */
  private _edited: ReadonlySet<string> = new Set();
  private readonly _forgotten = new Map<string, Declared>();
  private _stale = new WeakMap<Pipeline, ReadonlyMap<string, Stale>>();
  private readonly _attached = new Map<string, string>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _told = new Signal<this, KernelMessage>(this);
}
