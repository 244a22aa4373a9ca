/** What a kernel has told so far. A pure value: `apply` returns the next one. */

import type {
  Calls,
  ExecutionRow,
  Executions,
  KernelMessage,
  Pipeline,
  Problem,
  StepState,
  Target
} from './protocol';

/** An execution that is known whole. */
export interface Execution {
  readonly row: ExecutionRow;
  readonly steps: Readonly<Record<string, StepState>>;
}

export interface KernelState {
  readonly calls: Calls | null;
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  /** Problems of cells that declared nothing because of them, by cell. */
  readonly refused: ReadonlyMap<string, Problem>;
  /** By pipeline and place: see `listKey`. */
  readonly lists: ReadonlyMap<string, Executions>;
  readonly executions: ReadonlyMap<string, Execution>;
}

export const EMPTY: KernelState = {
  calls: null,
  pipelines: new Map(),
  refused: new Map(),
  lists: new Map(),
  executions: new Map()
};

/** The key of a list of executions. */
export function listKey(pipeline: string, on: Target): string {
  return `${on}:${pipeline}`;
}

/** Return the state after a message; the same one where it changes nothing. */
export function apply(state: KernelState, message: KernelMessage): KernelState {
  switch (message.type) {
    case 'place':
      return { ...state, calls: message };
    case 'pipeline':
      return { ...state, pipelines: set(state.pipelines, message.pipeline.name, message.pipeline) };
    case 'gone':
      return { ...state, pipelines: without(state.pipelines, message.pipelines) };
    case 'refused':
      return {
        ...state,
        refused:
          message.problem === null
            ? without(state.refused, [message.cell])
            : set(state.refused, message.cell, message.problem)
      };
    case 'executions':
      return { ...state, lists: set(state.lists, listKey(message.pipeline, message.on), message) };
    case 'execution': {
      const execution = { row: message.row, steps: message.steps };
      return inLists({ ...state, executions: set(state.executions, message.arn, execution) }, message.row);
    }
    case 'delta': {
      const known = state.executions.get(message.arn);
      if (known === undefined) {
        return state;
      }
      const row = { ...known.row, ...message.row };
      const steps = Object.fromEntries(
        Object.entries({ ...known.steps, ...message.steps }).filter(
          (entry): entry is [string, StepState] => entry[1] !== null
        )
      );
      return inLists({ ...state, executions: set(state.executions, message.arn, { row, steps }) }, row);
    }
    default:
      return state;
  }
}

/** Whether an execution is one of a pipeline. */
export function isOf(row: ExecutionRow, pipeline: Pipeline): boolean {
  return row.pipeline === pipeline.deployed && row.engine === pipeline.engine;
}

/** The newest execution of a pipeline that is known whole, wherever it runs. */
export function newest(state: KernelState, pipeline: Pipeline): Execution | null {
  let found: Execution | null = null;
  for (const execution of state.executions.values()) {
    if (isOf(execution.row, pipeline) && (found === null || (execution.row.started ?? 0) >= (found.row.started ?? 0))) {
      found = execution;
    }
  }
  return found;
}

/** All executions of a pipeline that are known, newest first. */
export function rows(state: KernelState, pipeline: Pipeline): ExecutionRow[] {
  const found = new Map<string, ExecutionRow>();
  for (const on of ['local', 'aws'] as const) {
    for (const row of state.lists.get(listKey(pipeline.name, on))?.rows ?? []) {
      found.set(row.arn, row);
    }
  }
  for (const { row } of state.executions.values()) {
    if (isOf(row, pipeline)) {
      found.set(row.arn, row);
    }
  }
  return [...found.values()].sort((a, b) => (b.started ?? 0) - (a.started ?? 0));
}

/** Every problem of a cell, whichever pipeline it is of. */
export function problemsOf(state: KernelState, cell: string): Problem[] {
  const refused = state.refused.get(cell);
  const found = [...state.pipelines.values()].flatMap(pipeline =>
    pipeline.problems.filter(problem => problem.cell === cell)
  );
  return refused ? [refused, ...found] : found;
}

/** Put what is known whole into the lists that hold it. */
function inLists(state: KernelState, row: ExecutionRow): KernelState {
  const lists = new Map(state.lists);
  for (const [key, list] of lists) {
    const at = list.rows.findIndex(other => other.arn === row.arn);
    if (at >= 0) {
      lists.set(key, { ...list, rows: list.rows.map((other, index) => (index === at ? row : other)) });
    }
  }
  return { ...state, lists };
}

function set<T>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> {
  return new Map(map).set(key, value);
}

function without<T>(map: ReadonlyMap<string, T>, keys: readonly string[]): ReadonlyMap<string, T> {
  const rest = new Map(map);
  keys.forEach(key => rest.delete(key));
  return rest;
}
