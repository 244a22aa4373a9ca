/** What the badge of a declaring cell says. Pure. */

import { duration } from '../dag/format';
import { isolated } from '../dag/isolated';
import { plural } from '../dom';
import type { Problem, Step, StepState } from '../kernel/protocol';
import { problemsOf } from '../kernel/state';
import { stepWord } from '../kernel/words';
import type { NotebookPipelines } from './pipelines';
import { WORDS, type Stale } from './stale';

export interface Badge {
  /** The colour family of the step's kind; `other` for several. */
  readonly kind: string;
  /** `Training`, or `5 steps`. */
  readonly what: string;
  /** How the latest run is or was here; null when there was none. */
  readonly state: { readonly sign: string; readonly ink: string; readonly text: string } | null;
  readonly problems: readonly Problem[];
  readonly stale: string;
  readonly pipeline: string;
  /** The step that a click leads to; empty for a cell without. */
  readonly step: string;
}

/** What a cell is that another cell's steps hide. */
const OUTDONE = { kind: 'other', what: 'Declared again in another cell', step: '' } as const;

/** Return the badge of each cell that declares, or that was refused, by the cell's id. */
export function badges(notebook: NotebookPipelines, now: number): Map<string, Badge> {
  const found = new Map<string, Badge>();
  for (const pipeline of notebook.pipelines) {
    const stale = notebook.stale(pipeline);
    const states = notebook.execution(pipeline)?.steps ?? {};
    for (const cell of pipeline.cells) {
      const steps = pipeline.steps.filter(step => step.cell === cell.id);
      found.set(cell.id, {
        ...(cell.outdone ? OUTDONE : about(steps, stepWord(pipeline.engine))),
        state: together(
          steps.flatMap(step => states[step.name] ?? []),
          now
        ),
        problems: problemsOf(notebook.state, cell.id),
        // A cell of parameters alone has no step to be stale.
        stale: worst([...steps.flatMap(step => stale.get(step.id) ?? []), ...edited(notebook, cell.id)]),
        pipeline: pipeline.name
      });
    }
  }
  for (const [cell, { pipeline, engine, steps }] of notebook.returned) {
    const problems = problemsOf(notebook.state, cell);
    found.set(cell, { ...about(steps, stepWord(engine)), state: null, problems, stale: WORDS.returned, pipeline, step: '' });
  }
  for (const cell of notebook.state.refused.keys()) {
    if (!found.has(cell)) {
      const problems = problemsOf(notebook.state, cell);
      found.set(cell, { kind: 'other', what: '', state: null, problems, stale: '', pipeline: '', step: '' });
    }
  }
  return found;
}

/** The badge as a sentence, for screen readers and the tooltip. */
export function sentence(badge: Badge): string {
  const facts = [badge.what, badge.state?.text ?? '', counted(badge.problems), badge.stale].filter(Boolean);
  const words = facts.join(', ').replace(/\.$/, '');
  return badge.pipeline ? `${words}. Show in ${isolated(badge.pipeline)}.` : words;
}

/** `2 problems`; what could only be better is not counted. */
export function counted(problems: readonly Problem[]): string {
  const grave = problems.filter(problem => problem.severity !== 'info');
  return grave.length > 0 ? plural(grave.length, 'problem') : '';
}

/** The worst severity of some problems. */
export function severity(problems: readonly Problem[]): Problem['severity'] {
  const worse = (['error', 'warning'] as const).find(each => problems.some(problem => problem.severity === each));
  return worse ?? 'info';
}

function about(steps: readonly Step[], word: string): Pick<Badge, 'kind' | 'what' | 'step'> {
  const [first] = steps;
  if (first === undefined) {
    return { kind: 'other', what: 'Parameters', step: '' };
  }
  return steps.length === 1
    ? { kind: first.kind, what: first.type, step: first.id }
    : { kind: 'other', what: plural(steps.length, word), step: first.id };
}

/** What to say of the states of a cell's steps: the one that people must know first. */
function together(states: readonly StepState[], now: number): Badge['state'] {
  const rank = ['fail', 'run', 'stop', 'ok', 'cache', 'wait'];
  const [first] = [...states].sort((a, b) => rank.indexOf(a.ink) - rank.indexOf(b.ink));
  if (first === undefined) {
    return null;
  }
  const begun = Math.min(...states.map(state => state.started ?? Infinity));
  const ended = states.some(state => state.ink === 'run') ? now : Math.max(...states.map(state => state.ended ?? 0));
  const time = Number.isFinite(begun) && ended > begun ? duration(ended - begun) : '';
  const timed = first.ink === 'run' || first.ink === 'ok' ? time : '';
  return { sign: first.sign, ink: first.ink, text: [first.word, timed].filter(Boolean).join(' ') };
}

function edited(notebook: NotebookPipelines, cell: string): readonly Stale[] {
  return notebook.edited.has(cell) ? ['edited'] : [];
}

function worst(stale: readonly Stale[]): string {
  const found = (['gone', 'returned', 'edited', 'changed', 'upstream'] as const).find(each => stale.includes(each));
  return found ? WORDS[found] : '';
}
