import { expect, test } from 'vitest';

import { deletedCells, staleSteps } from '../../src/notebook/stale';
import { pipeline, step } from '../samples';

const CENSUS = pipeline({
  cells: [
    { id: 'one', number: 1, source: 'prepare()' },
    { id: 'two', number: 2, source: 'train()' }
  ],
  steps: [
    step('Prepare', { cell: 'one' }),
    step('Train', { cell: 'two', waits: ['Prepare'] }),
    step('Decide', { cell: 'two', waits: ['Train'] }),
    step('Register', { cell: 'two', parent: 'Decide' }),
    step('Apart', { cell: 'two' })
  ]
});

function stale(texts: Record<string, string>, changed: string[] = []): Record<string, string> {
  return Object.fromEntries(staleSteps(CENSUS, new Map(Object.entries(texts)), changed));
}

test('nothing is stale while the cells stand as they ran', () => {
  expect(stale({ one: 'prepare()\n', two: 'train()' })).toEqual({});
});

test('an edited cell makes its step stale, and all that wait for it', () => {
  expect(stale({ one: 'prepare(1)', two: 'train()' })).toEqual({
    Prepare: 'edited',
    Train: 'upstream',
    Decide: 'upstream',
    Register: 'upstream'
  });
});

test('a deleted cell is said to be gone', () => {
  expect(stale({ two: 'train()' }).Prepare).toBe('gone');
});

test('a step that the newest run had otherwise is changed', () => {
  expect(stale({ one: 'prepare()', two: 'train()' }, ['Apart'])).toEqual({ Apart: 'changed' });
});

test('steps that wait for each other end', () => {
  const circle = pipeline({
    cells: [{ id: 'one', number: 1, source: 'a' }],
    steps: [step('A', { cell: 'one', waits: ['B'] }), step('B', { waits: ['A'] })]
  });
  expect(staleSteps(circle, new Map([['one', 'b']])).size).toBe(2);
});

test('only declaring cells that this notebook had are deleted ones', () => {
  const before = new Set(['one', 'text']);
  expect(deletedCells([CENSUS], before, new Map([['two', 'train()']]))).toEqual(['one']);
  expect(deletedCells([CENSUS], before, new Map([['one', '']]))).toEqual([]);
});
