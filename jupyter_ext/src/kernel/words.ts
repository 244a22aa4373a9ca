/** Words for places and states. Pure. */

import type { ExecutionRow, Pipeline, Target } from './protocol';

export const PLACES: Readonly<Record<Target, string>> = { local: 'on this machine', aws: 'on AWS' };

export const ENGINES: Readonly<Record<Pipeline['engine'], string>> = {
  sagemaker: 'SageMaker Pipelines',
  stepfunctions: 'Step Functions'
};

/** What an engine calls the nodes of its DAG. */
export function stepWord(engine: Pipeline['engine']): string {
  return engine === 'stepfunctions' ? 'state' : 'step';
}

/** Words of a state that can be gone on from. */
const ENDED_BADLY = new Set(['Failed', 'Stopped', 'FAILED', 'TIMED_OUT', 'ABORTED']);

/** Whether an execution can be gone on with. */
export function canRetry(row: ExecutionRow | undefined): boolean {
  return row !== undefined && ENDED_BADLY.has(row.status);
}
