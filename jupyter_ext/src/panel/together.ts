/** The state of several steps as one, for a drawn node that stands for them. Pure; Python's twin is `view/collapse.py`. */

import type { StepState } from '../kernel/protocol';

/** The words that people must know first. */
const URGENCY: readonly string[] = ['Failed', 'Stopping', 'Executing', 'Starting', 'Stopped'];

/**
 * Return the most urgent state, from the first start to the last end.
 *
 * @param states - of those that have one.
 * @param count - how many steps there are, with and without a state.
 */
export function together(states: readonly StepState[], count: number): StepState | null {
  const [first] = states;
  if (first === undefined) {
    return null;
  }
  const starts = states.flatMap(state => state.started ?? []);
  const ends = states.flatMap(state => state.ended ?? []);
  const urgent = URGENCY.map(word => states.find(state => state.status === word)).find(Boolean);
  const ended = states.find(state => state.status !== 'NotTaken') ?? first;
  const over = urgent === undefined && states.length === count;
  // Where some have ended and others have not begun, the whole is on its way.
  const shown = urgent ?? (over ? ended : { ...ended, status: 'Executing', sign: '●', ink: 'run' as const, word: 'running' });
  return {
    ...shown,
    cached: over && states.every(state => state.cached || state.status === 'NotTaken'),
    started: starts.length > 0 ? Math.min(...starts) : null,
    ended: ends.length > 0 && shown.ink !== 'run' ? Math.max(...ends) : null,
    reason: states.find(state => state.reason)?.reason ?? '',
    value: ''
  };
}
