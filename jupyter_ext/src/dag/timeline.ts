/** The Gantt strip below the drawing: one bar for each step that began, on one clock. */

import { html, say } from './dom';
import { duration } from './format';
import type { DagDocument, RunState, SceneNode, StepState } from './model';

const MOST = 200;
/** Seconds that the whole strip stands for at least: times come in tenths. */
const SHORTEST = 0.2;

interface Row {
  readonly element: HTMLElement;
  readonly bar: HTMLElement;
  readonly time: HTMLElement;
  ink: string;
}

export class Timeline {
  readonly element = html('div', 'pc-timeline', { role: 'list', 'aria-label': 'Times of the steps' });

  constructor(private readonly select: (id: string) => void) {}

  /** Draw another scene's steps. */
  draw(document: DagDocument): void {
    this.document = document;
    this.rows.clear();
    this.element.replaceChildren();
    this.element.hidden = true;
  }

  /** Show where the steps stand on the clock. */
  show(states: ReadonlyMap<number, StepState>, run: RunState, now: number): void {
    const begun = [...states.values()].filter(state => state[2] !== null).slice(0, MOST);
    this.element.hidden = begun.length === 0;
    if (begun.length === 0) {
      return;
    }
    const start = Math.min(...begun.map(state => state[2] ?? 0));
    const latest = Math.max(...begun.map(state => state[3] ?? (run.running ? now : (run.ended ?? now))));
    const end = Math.max(latest, run.running && run.expected !== null && run.started !== null ? run.started + run.expected : 0);
    const total = Math.max(end - start, SHORTEST);
    for (const state of begun) {
      const node = this.document?.scene.nodes[state[0]];
      if (node) {
        this.move(this.row(node), state, start, total, run.running ? now : (run.ended ?? now));
      }
    }
  }

  /** Mark the selected step's row. */
  mark(id: string): void {
    for (const [name, row] of this.rows) {
      row.element.classList.toggle('pc-selected', name === id);
    }
  }

  private move(row: Row, state: StepState, start: number, total: number, now: number): void {
    const began = state[2] ?? start;
    const took = Math.max(0, (state[3] ?? now) - began);
    const mark = state[4]?.cached ? this.document?.marks.reused : this.document?.marks[state[1]];
    const ink = mark?.ink ?? 'wait';
    if (row.ink !== ink) {
      row.ink = ink;
      row.bar.className = `pc-span pc-is-${ink}`;
    }
    row.bar.style.left = `${(100 * (began - start)) / total}%`;
    row.bar.style.width = `${(100 * took) / total}%`;
    say(row.time, duration(took));
  }

  private row(node: SceneNode): Row {
    const known = this.rows.get(node.id);
    if (known) {
      return known;
    }
    const bar = html('span', 'pc-span');
    const time = html('span', 'pc-took');
    const name = html('button', 'pc-stepname', { type: 'button', title: node.name }, node.name);
    name.addEventListener('click', () => this.select(node.id));
    const element = html('div', 'pc-row', { role: 'listitem' }, name, html('span', 'pc-track', {}, bar), time);
    const row = { element, bar, time, ink: '' };
    this.rows.set(node.id, row);
    this.element.append(element);
    return row;
  }

  private document: DagDocument | null = null;
  private readonly rows = new Map<string, Row>();
}
