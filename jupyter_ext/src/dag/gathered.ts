/** What the host told since the last drawing: all that comes within a moment is drawn together. */

import type { RunState, SceneNode, StepState } from './model';

/** Least time between two drawings of what changed: people see no more of them, and the page stays quick. */
const DRAW_MS = 60;
/** A page in the background has no frames; it must be right when one comes back. */
const HIDDEN_MS = 200;

export interface Changes {
  readonly run: Partial<RunState>;
  readonly steps: readonly StepState[];
  readonly nodes: ReadonlyMap<number, SceneNode>;
}

export class Gathered {
  constructor(private readonly draw: (changes: Changes) => void) {}

  /** Take what changed, to be drawn soon. */
  add(changes: {
    readonly run?: Partial<RunState>;
    readonly steps?: readonly StepState[];
    readonly nodes?: readonly (readonly [number, SceneNode])[];
  }): void {
    this.run = { ...this.run, ...changes.run };
    changes.steps?.forEach(state => this.steps.set(state[0], state));
    changes.nodes?.forEach(([index, node]) => this.nodes.set(index, node));
    if (this.waiting) {
      return;
    }
    this.waiting = true;
    const draw = (): void => this.drawAll();
    const rest = this.drawnAt + DRAW_MS - performance.now();
    if (document.hidden) {
      setTimeout(draw, HIDDEN_MS);
    } else if (rest > 0) {
      setTimeout(() => requestAnimationFrame(draw), rest);
    } else {
      requestAnimationFrame(draw);
    }
  }

  /** Forget what was told of the run: a document that came since is newer. */
  forgetRun(): void {
    this.run = {};
  }

  /** Forget what was told of nodes and their states: they are of the scene before. */
  forgetScene(): void {
    this.steps.clear();
    this.nodes.clear();
  }

  private drawAll(): void {
    const changes = { run: this.run, steps: [...this.steps.values()], nodes: new Map(this.nodes) };
    this.waiting = false;
    this.drawnAt = performance.now();
    this.forgetRun();
    this.forgetScene();
    this.draw(changes);
  }

  private run: Partial<RunState> = {};
  private readonly steps = new Map<number, StepState>();
  private readonly nodes = new Map<number, SceneNode>();
  private waiting = false;
  private drawnAt = Number.NEGATIVE_INFINITY;
}
