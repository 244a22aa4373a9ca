import { describe, expect, test } from 'vitest';

import type { KernelMessage } from '../../src/kernel/protocol';
import { apply, EMPTY, newest, problemsOf, rows, type KernelState } from '../../src/kernel/state';
import { pipeline, problem, row, state } from '../samples';

function told(...messages: KernelMessage[]): KernelState {
  return messages.reduce(apply, EMPTY);
}

const CENSUS = pipeline();
const LISTED: KernelMessage = {
  type: 'executions',
  pipeline: 'Census',
  on: 'local',
  rows: [row('a', { started: 1, running: false }), row('b', { started: 2 })],
  trouble: '',
  changed: []
};

describe('what a kernel tells', () => {
  test('a pipeline that is told again takes the place of the first', () => {
    const after = told(
      { type: 'pipeline', pipeline: CENSUS },
      { type: 'pipeline', pipeline: pipeline({ profile: 'full' }) }
    );
    expect([...after.pipelines.values()].map(each => each.profile)).toEqual(['full']);
  });

  test('a pipeline that is declared no more is gone', () => {
    const after = told({ type: 'pipeline', pipeline: CENSUS }, { type: 'gone', pipelines: ['Census'] });
    expect(after.pipelines.size).toBe(0);
  });

  test('a delta changes what it names and nothing else', () => {
    const after = told(
      { type: 'execution', arn: 'a', row: row('a'), steps: { One: state(), Two: state() } },
      { type: 'delta', arn: 'a', row: { status: 'Failed', running: false }, steps: { Two: null } }
    ).executions.get('a');
    expect(after?.row).toMatchObject({ status: 'Failed', running: false, started: 100 });
    expect(Object.keys(after?.steps ?? {})).toEqual(['One']);
  });

  test('a delta of an execution that is not known changes nothing', () => {
    expect(told({ type: 'delta', arn: 'x', row: { status: 'Failed' }, steps: {} })).toBe(EMPTY);
  });

  test('a list follows the executions in it', () => {
    const after = told(LISTED, { type: 'execution', arn: 'b', row: row('b', { status: 'Succeeded' }), steps: {} });
    expect(rows(after, CENSUS).map(each => [each.arn, each.status])).toEqual([
      ['b', 'Succeeded'],
      ['a', 'Executing']
    ]);
  });

  test('the newest execution is that of the pipeline, on its engine', () => {
    const other = row('c', { started: 9, pipeline: 'Other' });
    const machine = row('d', { started: 9, engine: 'stepfunctions' });
    const after = told(
      { type: 'execution', arn: 'a', row: row('a', { started: 1 }), steps: {} },
      { type: 'execution', arn: 'b', row: row('b', { started: 2 }), steps: {} },
      { type: 'execution', arn: 'c', row: other, steps: {} },
      { type: 'execution', arn: 'd', row: machine, steps: {} }
    );
    expect(newest(after, CENSUS)?.row.arn).toBe('b');
  });

  test('what kept a cell from declaring is a problem of the cell, until it is taken back', () => {
    const refused: KernelMessage = { type: 'refused', cell: 'one', problem: problem({ code: 'PC909' }) };
    const declared = pipeline({ problems: [problem({ cell: 'one' }), problem({ cell: 'two' })] });
    const after = told({ type: 'pipeline', pipeline: declared }, refused);
    expect(problemsOf(after, 'one').map(each => each.code)).toEqual(['PC909', 'PC203']);
    expect(problemsOf(apply(after, { type: 'refused', cell: 'one', problem: null }), 'one')).toHaveLength(1);
  });
});
