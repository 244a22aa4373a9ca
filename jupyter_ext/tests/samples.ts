/** Values of the protocol, for tests: whole, and as small as they can be. */

import type { ExecutionRow, Pipeline, Problem, Step, StepState } from '../src/kernel/protocol';

export function step(name: string, more: Partial<Step> = {}): Step {
  return { id: name, name, type: 'Processing', kind: 'processing', logs: true, cell: null, parent: null, needs: [], ...more };
}

export function pipeline(more: Partial<Pipeline> = {}): Pipeline {
  return {
    name: 'Census',
    deployed: 'Census',
    engine: 'sagemaker',
    cells: [],
    steps: [],
    problems: [],
    profile: 'smoke',
    profiles: {},
    costs: {},
    dag: null,
    stacks: {},
    folded: [],
    opened: [],
    ...more
  };
}

export function problem(more: Partial<Problem> = {}): Problem {
  return {
    code: 'PC203',
    severity: 'error',
    step: null,
    path: '',
    message: 'It is wrong.',
    hint: '',
    cell: null,
    place: null,
    ...more
  };
}

export function row(arn: string, more: Partial<ExecutionRow> = {}): ExecutionRow {
  return {
    arn,
    pipeline: 'Census',
    engine: 'sagemaker',
    on: 'local',
    status: 'Executing',
    running: true,
    sign: '●',
    ink: 'run',
    started: 100,
    ended: null,
    reason: '',
    profile: 'smoke',
    ...more
  };
}

export function state(more: Partial<StepState> = {}): StepState {
  return {
    status: 'Executing',
    sign: '●',
    ink: 'run',
    word: 'running',
    cached: false,
    started: 100,
    ended: null,
    reason: '',
    value: '',
    ...more
  };
}
