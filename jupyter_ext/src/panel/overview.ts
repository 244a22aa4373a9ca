/** The DAG in the panel: the pipeline as it is declared now, in the colours of the execution that is shown. */

import type { DagDocument, RunState, StepState as Drawn } from '../dag';
import { Canvas } from '../dag/canvas';
import { Press } from '../dag/press';
import { followTheme } from '../dag/theme';
import { fill, html } from '../dom';
import type { Overview as Drawing, StepState } from '../kernel/protocol';
import type { Execution } from '../kernel/state';
import { WORDS, type Stale } from '../notebook/stale';
import { together } from './together';

export interface OverviewValue {
  readonly drawing: Drawing;
  /** Names of the steps, by their ids. */
  readonly names: ReadonlyMap<string, string>;
  readonly execution: Execution | null;
  readonly stale: ReadonlyMap<string, Stale>;
  readonly selection: string;
}

/** A run of which only the states of steps are shown here. */
const RUN: RunState = {
  status: '',
  running: false,
  reason: '',
  started: null,
  ended: null,
  expected: null,
  cost: '',
  count: '',
  trouble: ''
};

export class Overview {
  readonly element = html('section', 'pcdag pc-Overview', { 'aria-label': 'DAG' });

  constructor(select: (node: string) => void, toggle: (node: string) => void) {
    this.canvas = new Canvas({ select, toggle, moved: () => undefined });
    this.unfollow = followTheme(this.element);
  }

  show(value: OverviewValue | null): void {
    this.press.draw(() => this.draw(value));
  }

  private draw(value: OverviewValue | null): void {
    this.element.hidden = value === null;
    const before = this.shown;
    this.shown = value;
    if (value === null) {
      return;
    }
    const { dag } = value.drawing;
    if (dag === null) {
      this.drawn = null;
      fill(this.element, html('p', 'pc-Dim pc-Overview-none', {}, 'The steps cannot be drawn; the problems say why.'));
      return;
    }
    if (dag !== this.drawn) {
      this.drawn = dag;
      fill(this.element, this.canvas.element);
      this.canvas.draw(dag.scene, { ...dag, run: RUN });
      requestAnimationFrame(() => this.fit());
    }
    this.canvas.select(this.canvas.cards.has(value.selection) ? value.selection : '');
    if (value.selection !== before?.selection) {
      requestAnimationFrame(() => this.canvas.keep(value.selection));
    }
    this.colour(dag, value);
    this.mark(value);
  }

  /** Running clocks go on. */
  tick(): void {
    const execution = this.shown?.execution;
    if (execution?.row.running) {
      this.canvas.tick(Date.now() / 1000 - epochOf(execution));
    }
  }

  /** Fit the drawing into the room there is: as high as it needs at this width, up to half of the panel. */
  fit(): void {
    const scene = this.drawn?.scene;
    if (scene && this.element.isConnected) {
      const wanted = (scene.height * (this.element.clientWidth || 300)) / Math.max(scene.width, 1) + 40;
      const most = Math.max(360, (this.element.parentElement?.clientHeight ?? 0) / 2);
      this.canvas.element.style.height = `${Math.round(Math.min(most, Math.max(130, wanted)))}px`;
      this.canvas.camera.begin();
      this.canvas.keep(this.shown?.selection ?? '');
    }
  }

  dispose(): void {
    this.unfollow();
  }

  private colour(dag: DagDocument, { drawing, execution, names }: OverviewValue): void {
    this.element.classList.toggle('pc-running', execution?.row.running === true);
    const epoch = epochOf(execution);
    const stateOf = (id: string, name: string): StepState | null => {
      const inside = drawing.stacks[id];
      if (inside === undefined) {
        return execution?.steps[names.get(id) ?? name] ?? null;
      }
      return together(
        inside.flatMap(step => execution?.steps[names.get(step) ?? ''] ?? []),
        inside.length
      );
    };
    const states = dag.scene.nodes.map((node, index): Drawn => {
      const state = stateOf(node.id, node.name);
      return state ? drawn(index, state, epoch) : [index, '', null, null];
    });
    this.canvas.show(states, Date.now() / 1000 - epoch);
  }

  private mark({ drawing, stale }: OverviewValue): void {
    for (const [id, card] of this.canvas.cards) {
      const why = stale.get(id) ?? drawing.stacks[id]?.map(step => stale.get(step)).find(each => each !== undefined);
      card.element.classList.toggle('pc-mod-stale', why !== undefined);
      if (why) {
        card.element.setAttribute('aria-description', WORDS[why]);
      } else {
        card.element.removeAttribute('aria-description');
      }
    }
  }

  private readonly canvas: Canvas;
  private readonly unfollow: () => void;
  private readonly press = new Press(this.element);
  private shown: OverviewValue | null = null;
  private drawn: DagDocument | null = null;
}

function epochOf(execution: Execution | null): number {
  return execution?.row.started ?? 0;
}

function drawn(index: number, state: StepState, epoch: number): Drawn {
  const since = (time: number | null): number | null => (time === null ? null : time - epoch);
  const extra = { ...(state.cached ? { cached: true as const } : {}), ...(state.reason ? { reason: state.reason } : {}), ...(state.value ? { value: state.value } : {}) };
  return [index, state.status, since(state.started), since(state.ended), extra];
}
