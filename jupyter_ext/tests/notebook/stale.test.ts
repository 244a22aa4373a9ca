import { expect, test } from 'vitest';

import { declaredBy, deletedCells, editedCells, staleSteps } from '../../src/notebook/stale';
import { pipeline, problem, step } from '../samples';

const CENSUS = pipeline({
  cells: [
    { id: 'one', number: 1, source: 'prepare()' },
    { id: 'two', number: 2, source: 'train()' }
  ],
  steps: [
    step('Prepare', { cell: 'one' }),
    step('Train', { cell: 'two', needs: ['Prepare'] }),
    step('Decide', { cell: 'two', needs: ['Train'] }),
    step('Register', { cell: 'two', parent: 'Decide' }),
    step('Apart', { cell: 'two' })
  ]
});

const SEEN = new Set(['one', 'two']);

function stale(texts: Record<string, string>, changed: string[] = []): Record<string, string> {
  return Object.fromEntries(staleSteps(CENSUS, new Map(Object.entries(texts)), SEEN, changed));
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

test('a cell of another notebook on the same kernel is not', () => {
  const elsewhere = staleSteps(CENSUS, new Map([['two', 'train()']]), new Set(['two']));
  expect([...elsewhere]).toEqual([]);
});

test('a step that the newest run had otherwise is changed', () => {
  expect(stale({ one: 'prepare()', two: 'train()' }, ['Apart'])).toEqual({ Apart: 'changed' });
});

test('steps that wait for each other end', () => {
  const circle = pipeline({
    cells: [{ id: 'one', number: 1, source: 'a' }],
    steps: [step('A', { cell: 'one', needs: ['B'] }), step('B', { needs: ['A'] })]
  });
  expect(staleSteps(circle, new Map([['one', 'b']]), SEEN).size).toBe(2);
});

test('only declaring or refused cells that this notebook had are deleted ones', () => {
  const state = { pipelines: new Map([['Census', CENSUS]]), refused: new Map([['wrong', problem({ cell: 'wrong' })]]) };
  const before = new Set(['one', 'text', 'wrong']);
  expect(deletedCells(state, before, new Map([['two', 'train()']]))).toEqual(['one', 'wrong']);
  expect(deletedCells(state, before, new Map([['one', ''], ['wrong', '']]))).toEqual([]);
});

test('only cells of this notebook can be edited ones', () => {
  const state = { pipelines: new Map([['Census', CENSUS]]) };
  expect([...editedCells(state, new Map([['one', 'prepare(again)'], ['text', 'words']]))]).toEqual(['one']);
  expect([...editedCells(state, new Map([['one', 'prepare()\n'], ['two', 'train()']]))]).toEqual([]);
});

test('what a deleted cell declared is remembered', () => {
  expect(declaredBy([CENSUS], 'two').steps.map(each => each.name)).toEqual(['Train', 'Decide', 'Register', 'Apart']);
  expect(declaredBy([CENSUS], 'other')).toMatchObject({ pipeline: '', steps: [] });
});
