/** The side panel: one notebook's pipelines, drawn from what its kernel tells, while the panel is seen. */

import { NotebookActions } from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { html } from '../dom';
import { CommandIDs } from '../identity';
import type { ExecutionRow, KernelMessage, Overview, Pipeline, Problem } from '../kernel/protocol';
import { listKey, rows } from '../kernel/state';
import { canRetry } from '../kernel/words';
import { complain, retry, running, stop } from '../notebook/acts';
import type { NotebookPipelines } from '../notebook/pipelines';
import { reveal } from '../notebook/reveal';
import { WORDS } from '../notebook/stale';
import type { INotebooks, ISettings } from '../tokens';
import { ExecutionList } from './executions';
import { Head } from './head';
import { LogView } from './log';
import { Notice, noticeOf } from './notice';
import { Overview as Dag } from './overview';
import { Parameters } from './parameters';
import { Problems } from './problems';
import { ProgressBar } from './progress';
import { ChosenStep } from './step';

let streams = 0;

export class PipelinesPanel extends Widget {
  constructor(
    private readonly notebooks: INotebooks,
    private readonly settings: ISettings | null,
    private readonly commands: CommandRegistry
  ) {
    super({ node: html('div', 'pc-Panel pc-colours', { role: 'region', 'aria-label': 'Pipelines' }) });
    this.id = 'pipecell-pipelines';
    this.title.caption = 'Pipelines';
    this.node.append(
      ...[this.notice, this.head, this.progress, this.overview, this.step, this.log].map(part => part.element),
      ...[this.problems, this.executions, this.parameters].map(part => part.element)
    );
    notebooks.currentChanged.connect(this.switched, this);
    notebooks.changed.connect(this.changed, this);
    this.clock = window.setInterval(() => this.tick(), 1000);
  }

  /** Show a pipeline of the current notebook, at a step. */
  reveal(pipeline?: string, step?: string): void {
    if (pipeline) {
      this.notebooks.current?.choose(pipeline);
    }
    this.draw();
    if (step) {
      this.lookAt(step);
    }
  }

  override dispose(): void {
    if (!this.isDisposed) {
      window.clearInterval(this.clock);
      this.notebooks.currentChanged.disconnect(this.switched, this);
      this.notebooks.changed.disconnect(this.changed, this);
      this.overview.dispose();
      super.dispose();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.notebooks.current?.relist();
    this.draw();
    requestAnimationFrame(() => this.overview.fit());
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this.overview.fit();
  }

  private switched(): void {
    if (this.heard !== this.notebooks.current) {
      this.selection = '';
      this.log.close();
      this.progress.clear();
      this.listen(); // though nobody looks: a notebook that is closed must not be held
      this.draw();
    }
  }

  private changed(_: INotebooks, notebook: NotebookPipelines): void {
    if (notebook === this.notebooks.current) {
      this.draw();
    }
  }

  /** Hear the logs of the notebook that is looked at. */
  private listen(): void {
    const { current } = this.notebooks;
    if (this.heard !== current) {
      this.heard?.told.disconnect(this.told, this);
      this.heard = current;
      current?.told.connect(this.told, this);
    }
  }

  private told(_: NotebookPipelines, message: KernelMessage): void {
    this.log.take(message);
    this.progress.take(message, this.notebooks.current?.chosen?.name);
  }

  private draw(): void {
    if (!this.isVisible) {
      return;
    }
    this.listen();
    const notebook = this.notebooks.current;
    const pipeline = notebook?.chosen ?? null;
    this.notice.show(pipeline === null ? noticeOf(notebook) : null);
    if (notebook === null || pipeline === null) {
      [this.head, this.overview, this.step, this.problems, this.parameters, this.executions].forEach(part =>
        part.show(null)
      );
      this.log.close();
      return;
    }
    this.head.show({
      name: pipeline.name,
      names: notebook.pipelines.map(each => each.name),
      engine: pipeline.engine,
      steps: pipeline.steps.length,
      profile: pipeline.profile,
      profiles: pipeline.profiles,
      costs: pipeline.costs,
      target: notebook.target,
      busy: running(notebook, pipeline).length > 0,
      retry: canRetry(rows(notebook.state, pipeline)[0])
    });
    this.overview.show({
      drawing: this.drawing(pipeline),
      names: new Map(pipeline.steps.map(step => [step.id, step.name])),
      execution: notebook.execution(pipeline),
      stale: notebook.stale(pipeline),
      selection: this.selection
    });
    this.showStep(notebook, pipeline);
    // What kept a cell from declaring anything comes first: the pipeline is not what the cells say.
    const refused = [...notebook.state.refused.values()].filter(each => each.cell !== null && notebook.has(each.cell));
    const found = [...refused, ...pipeline.problems];
    this.problems.show(found.map(problem => (this.holder(problem.cell) ? problem : { ...problem, cell: null })));
    this.parameters.show({ profile: pipeline.profile, profiles: pipeline.profiles });
    this.showExecutions(notebook, pipeline);
  }

  private showStep(notebook: NotebookPipelines, pipeline: Pipeline): void {
    const stack = this.stackOf(pipeline, this.selection);
    const step = stack ? undefined : pipeline.steps.find(each => each.id === this.selection);
    if (step === undefined) {
      this.step.show(null);
      return;
    }
    const stale = notebook.stale(pipeline).get(step.id);
    const state = notebook.execution(pipeline)?.steps[step.name] ?? null;
    const { name, type, kind, logs } = step;
    const cell = this.holder(step.cell) ? step.cell : null; // a console's cells are in no notebook
    const log = state !== null && state.status !== 'NotTaken' && logs;
    this.step.show({ name, type, kind, cell, state, stale: stale ? WORDS[stale] : '', log });
  }

  private showExecutions(notebook: NotebookPipelines, pipeline: Pipeline): void {
    const lists = (['local', 'aws'] as const).map(on => notebook.state.lists.get(listKey(pipeline.name, on)));
    this.executions.show({
      rows: rows(notebook.state, pipeline),
      trouble: lists.flatMap(list => (list?.trouble ? [list.trouble] : [])).join(' '),
      shown: notebook.execution(pipeline)?.row.arn ?? '',
      aws: notebook.state.calls?.aws === true,
      now: Date.now() / 1000
    });
  }

  private tick(): void {
    const notebook = this.notebooks.current;
    if (notebook?.chosen && this.isVisible) {
      this.overview.tick();
      this.showExecutions(notebook, notebook.chosen);
    }
  }

  /** The DAG as people folded it here; a pipeline that is declared anew begins as it is told. */
  private drawing(pipeline: Pipeline): Overview {
    return this.folded.get(pipeline) ?? pipeline;
  }

  /** Whether a drawn node only stands for steps that are alike, and is none itself. */
  private stackOf(pipeline: Pipeline, id: string): boolean {
    const { dag, stacks } = this.drawing(pipeline);
    const name = pipeline.steps.find(step => step.id === id)?.name;
    return id in stacks && dag?.scene.nodes.find(node => node.id === id)?.name !== name;
  }

  private refold(how: 'fold' | 'show', node: string): void {
    const notebook = this.notebooks.current;
    const pipeline = notebook?.chosen;
    if (notebook && pipeline) {
      const { folded, opened } = this.drawing(pipeline);
      notebook
        .ask(how, { pipeline: pipeline.name, folded, opened, node })
        .then(drawing => {
          this.folded.set(pipeline, drawing);
          this.draw();
        })
        .catch(complain);
    }
  }

  /** Choose a step, and open what hides it in the drawing. */
  private lookAt(id: string): void {
    this.selection = id;
    this.draw();
    const pipeline = this.notebooks.current?.chosen;
    const drawn = pipeline && this.drawing(pipeline).dag?.scene.nodes.some(node => node.id === id);
    if (pipeline && (!drawn || this.stackOf(pipeline, id))) {
      this.refold('show', id);
    }
  }

  /** Lead to where a problem is: its cell, and its step in the drawing. */
  private lead(problem: Problem): void {
    const step = this.notebooks.current?.chosen?.steps.find(each => each.name === problem.step);
    if (step) {
      this.lookAt(step.id);
    }
    this.go(problem.cell);
  }

  private pick(id: string): void {
    const pipeline = this.notebooks.current?.chosen;
    if (pipeline && this.stackOf(pipeline, id)) {
      this.refold('fold', id);
      return;
    }
    this.selection = id === this.selection ? '' : id;
    this.draw();
    const chosen = this.notebooks.current?.chosen;
    this.go(chosen?.steps.find(step => step.id === this.selection)?.cell ?? null);
  }

  /** The open notebook that has a cell, before all the one that is looked at. */
  private holder(cell: string | null): NotebookPipelines | null | undefined {
    const { all, current } = this.notebooks;
    return cell === null ? undefined : [current, ...all].find(notebook => notebook?.has(cell));
  }

  /** Lead to a cell: of the notebook that is looked at, or of another that shares its kernel. */
  private go(cell: string | null): void {
    const found = this.holder(cell);
    if (cell !== null && found) {
      if (found !== this.notebooks.current) {
        void this.commands.execute('tabsmenu:activate-by-id', { id: found.panel.id });
      }
      void reveal(found, cell);
    }
  }

  private openLog(step: string): void {
    const notebook = this.notebooks.current;
    const row = notebook?.chosen && notebook.execution(notebook.chosen)?.row;
    if (notebook && row) {
      const stream = `log-${++streams}`;
      this.log.open(step, stream, () => void notebook.ask('quiet', { stream }).catch(() => undefined));
      notebook.ask('log', { arn: row.arn, on: row.on, step, stream }).catch((error: unknown) => {
        if (this.log.stream === stream) {
          this.log.fail(error);
        }
      });
    }
  }

  private attach(row: ExecutionRow): void {
    const notebook = this.notebooks.current;
    if (notebook?.chosen) {
      notebook.attach(notebook.chosen, row.arn);
      notebook.ask('attach', { arn: row.arn, on: row.on }).catch(complain);
    }
  }

  private async insert(code: string): Promise<void> {
    const panel = this.notebooks.current?.panel;
    if (panel) {
      const { content } = panel;
      const has = content.widgets.findIndex(({ model }) => model.type === 'code' && model.sharedModel.getSource().includes(code));
      content.activeCellIndex = Math.max(has, 0);
      if (has < 0) {
        NotebookActions.insertAbove(content);
        content.activeCell?.model.sharedModel.setSource(code);
      }
      content.deselectAll();
      await NotebookActions.run(content, panel.sessionContext);
    }
  }

  private with(act: (notebook: NotebookPipelines) => unknown): void {
    if (this.notebooks.current) {
      void act(this.notebooks.current);
    }
  }

  private readonly notice = new Notice(code => void this.insert(code));
  private readonly head = new Head({
    choose: name => this.with(notebook => notebook.choose(name)),
    profile: profile => void this.commands.execute(CommandIDs.profile, { profile }),
    target: () => void this.commands.execute(CommandIDs.target),
    run: () => void this.commands.execute(CommandIDs.run),
    stop: () => void this.commands.execute(CommandIDs.stop),
    retry: () => void this.commands.execute(CommandIDs.retry)
  });
  private readonly overview = new Dag(id => this.pick(id), id => this.refold('fold', id));
  private readonly step = new ChosenStep({ cell: id => this.go(id), log: step => this.openLog(step) });
  private readonly log = new LogView();
  private readonly problems = new Problems(problem => this.lead(problem));
  private readonly parameters = new Parameters();
  private readonly executions = new ExecutionList({
    attach: row => this.attach(row),
    stop: row => this.with(notebook => stop(notebook, row)),
    retry: row => this.with(notebook => retry(notebook, row, this.settings?.confirmAws !== false)),
    list: on => this.with(notebook => notebook.relist(on))
  });
  private readonly clock: number;
  private readonly progress = new ProgressBar();
  private heard: NotebookPipelines | null = null;
  private selection = '';
  private readonly folded = new WeakMap<Pipeline, Overview>();
}
