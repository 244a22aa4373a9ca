/** Which steps are not what their cells say any more. Pure: from what ran, and what stands in the cells now. */

import type { Pipeline, Step } from '../kernel/protocol';
import type { KernelState } from '../kernel/state';

/**
 * Why a step is stale: `edited`, its cell was changed since it ran; `gone`, its cell was deleted;
 * `returned`, it was deleted and put back; `changed`, it is another one than in the newest execution;
 * `upstream`, a step that it waits for or is made from is.
 */
export type Stale = 'edited' | 'gone' | 'returned' | 'changed' | 'upstream';

/** What a cell declared. */
export interface Declared {
  readonly pipeline: string;
  readonly engine: Pipeline['engine'];
  readonly steps: readonly Step[];
}

export const WORDS: Readonly<Record<Stale, string>> = {
  edited: 'The cell was edited since it ran: run it again.',
  gone: 'The cell that declares this was deleted.',
  returned: 'The cell was taken out and put back: run it again.',
  changed: 'Changed since the latest run.',
  upstream: 'A step that this one needs has changed.'
};

/**
 * Return the stale steps of a pipeline, by id.
 *
 * @param pipeline - as its cells declared it.
 * @param texts - the text of each of the notebook's cells now, by id.
 * @param seen - ids of all cells that the notebook has or had: others are another notebook's.
 * @param changed - names of steps that differ from the newest execution.
 */
export function staleSteps(
  pipeline: Pipeline,
  texts: ReadonlyMap<string, string>,
  seen: ReadonlySet<string>,
  changed: readonly string[] = []
): Map<string, Stale> {
  const found = new Map<string, Stale>();
  const cells = new Map(pipeline.cells.map(cell => [cell.id, cell]));
  for (const step of pipeline.steps) {
    const cell = step.cell === null ? undefined : cells.get(step.cell);
    const text = cell && texts.get(cell.id);
    if (cell && text === undefined && seen.has(cell.id)) {
      found.set(step.id, 'gone');
    } else if (cell && text !== undefined && !same(cell.source, text)) {
      found.set(step.id, 'edited');
    } else if (changed.includes(step.name)) {
      found.set(step.id, 'changed');
    }
  }
  return spread(pipeline, found);
}

/** Return the cells that declare, or that were refused, which were in the notebook and are no more, by id. */
export function deletedCells(
  { pipelines, refused }: Pick<KernelState, 'pipelines' | 'refused'>,
  before: ReadonlySet<string>,
  now: ReadonlyMap<string, string>
): string[] {
  const declaring = [...pipelines.values()].flatMap(pipeline => pipeline.cells.map(cell => cell.id));
  return [...new Set([...declaring, ...refused.keys()])].filter(id => before.has(id) && !now.has(id));
}

/** Return the cells of this notebook that declare and read otherwise than when they ran, by id. */
export function editedCells(
  { pipelines }: Pick<KernelState, 'pipelines'>,
  now: ReadonlyMap<string, string>
): Set<string> {
  const declaring = [...pipelines.values()].flatMap(pipeline => pipeline.cells);
  return new Set(declaring.filter(({ id, source }) => !same(source, now.get(id) ?? source)).map(({ id }) => id));
}

/** Return what a cell declares. */
export function declaredBy(pipelines: readonly Pipeline[], id: string): Declared {
  const found = pipelines.find(pipeline => pipeline.cells.some(cell => cell.id === id));
  const { name = '', engine = 'sagemaker', steps = [] } = found ?? {};
  return { pipeline: name, engine, steps: steps.filter(step => step.cell === id) };
}

/** Whether a cell stands as it ran; white space at its end says nothing. */
export function same(ran: string, now: string): boolean {
  return ran.trimEnd() === now.trimEnd();
}

/** Add all that need what is stale already. */
function spread(pipeline: Pipeline, found: Map<string, Stale>): Map<string, Stale> {
  const needing = new Map<string, string[]>();
  for (const step of pipeline.steps) {
    for (const source of step.parent === null ? step.needs : [...step.needs, step.parent]) {
      needing.set(source, [...(needing.get(source) ?? []), step.id]);
    }
  }
  const queue = [...found.keys()];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const next of needing.get(id) ?? []) {
      if (!found.has(next)) {
        found.set(next, 'upstream');
        queue.push(next);
      }
    }
  }
  return found;
}
