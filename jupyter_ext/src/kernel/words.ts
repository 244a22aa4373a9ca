/** Words for places and states. Pure. */

import type { ExecutionRow, Target } from './protocol';

export const PLACES: Readonly<Record<Target, string>> = { local: 'on this machine', aws: 'on AWS' };

/** Words of a state that can be gone on from. */
const ENDED_BADLY = new Set(['Failed', 'Stopped', 'FAILED', 'TIMED_OUT', 'ABORTED']);

/** Whether an execution can be gone on with. */
export function canRetry(row: ExecutionRow | undefined): boolean {
  return row !== undefined && ENDED_BADLY.has(row.status);
}
