import { Signal } from '@lumino/signaling';
import { expect, test } from 'vitest';

import { Badges } from '../../src/notebook/badges';
import type { NotebookPipelines } from '../../src/notebook/pipelines';
import { EMPTY } from '../../src/kernel/state';
import { pipeline, step } from '../samples';

test('a cell that is not drawn yet is waited for once, however often badges are drawn', () => {
  let waits = 0;
  const ready = { then: () => (waits += 1) };
  const cell = { model: { id: 'cell', type: 'code' }, isPlaceholder: () => true, ready };
  const disposed = new Signal<object, void>({});
  const declared = pipeline({ cells: [{ id: 'cell', number: 1, source: '' }], steps: [step('Train', { cell: 'cell' })] });
  const notebook = {
    changed: new Signal<object, void>({}),
    panel: { disposed, isVisible: true, content: { widgets: [cell] } },
    pipelines: [declared],
    state: EMPTY,
    edited: new Set(),
    returned: new Map(),
    stale: () => new Map(),
    execution: () => null
  } as unknown as NotebookPipelines;
  const badges = new Badges(notebook, () => true, () => undefined);
  badges.draw();
  badges.draw();
  expect(waits).toBe(1);
  disposed.emit();
});
