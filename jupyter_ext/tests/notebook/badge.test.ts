import { expect, test } from 'vitest';

import { EMPTY } from '../../src/kernel/state';
import { badges } from '../../src/notebook/badge';
import type { NotebookPipelines } from '../../src/notebook/pipelines';
import { pipeline } from '../samples';

function badgeOfParameters(edited: readonly string[]): string | undefined {
  const declared = pipeline({ cells: [{ id: 'cell', number: 1, source: '' }], steps: [] });
  const notebook = {
    pipelines: [declared],
    state: EMPTY,
    edited: new Set(edited),
    returned: new Map(),
    stale: () => new Map(),
    execution: () => null
  } as unknown as NotebookPipelines;
  return badges(notebook, 0).get('cell')?.stale;
}

test('a cell of parameters alone is marked when it was edited since it ran', () => {
  expect(badgeOfParameters(['cell'])).toBe('The cell was edited since it ran: run it again.');
  expect(badgeOfParameters([])).toBe('');
});
