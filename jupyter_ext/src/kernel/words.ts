/** Words for places and states. Pure. */

import type { ExecutionRow, Pipeline, Target } from './protocol';

export const PLACES: Readonly<Record<Target, string>> = { local: 'on this machine', aws: 'on AWS' };

/** What an engine calls the nodes of its DAG. */
export function stepWord(engine: Pipeline['engine']): string {
  return engine === 'stepfunctions' ? 'state' : 'step';
}

/** Types of steps and states that have no job, and so no log. */
const SILENT = new Set(['Choice', 'Condition', 'Fail', 'Map', 'Parallel', 'Pass', 'Succeed', 'Wait']);

/** Whether steps of a type write a log. */
export function canLog(type: string): boolean {
  return !SILENT.has(type);
}

/** Words of a state that can be gone on from. */
const ENDED_BADLY = new Set(['Failed', 'Stopped', 'FAILED', 'TIMED_OUT', 'ABORTED']);

/** Whether an execution can be gone on with. */
export function canRetry(row: ExecutionRow | undefined): boolean {
  return row !== undefined && ENDED_BADLY.has(row.status);
}
