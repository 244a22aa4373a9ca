import { expect, it } from 'vitest';

import { recordOf } from '../src/record';

const scene = { width: 1, height: 1, nodes: [{ id: 'a' }], wires: [], groups: [], steps: 1 };
const record = { version: 1, model_id: 'm', document: { scene } };

it('takes a record as it is', () => {
  expect(recordOf(record)).toBe(record);
  const list = { ...record, document: { view: 'executions' } };
  expect(recordOf(list)).toBe(list);
});

it.each([
  ['no object', null],
  ['of another version', { ...record, version: 2 }],
  ['without the id of a model', { ...record, model_id: 7 }],
  ['without a document', { ...record, document: null }],
  ['without a scene', { ...record, document: {} }],
  ['with a scene that holds nothing', { ...record, document: { scene: {} } }],
  ['with cards that are no list', { ...record, document: { scene: { ...scene, nodes: 1e308 } } }],
  ['with a card that is none', { ...record, document: { scene: { ...scene, nodes: [null] } } }],
  ['with a wire that is none', { ...record, document: { scene: { ...scene, wires: [true] } } }]
])('takes none %s', (_, forged) => {
  expect(recordOf(forged)).toBeNull();
});
