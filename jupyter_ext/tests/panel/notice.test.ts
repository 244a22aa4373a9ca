import { expect, test } from 'vitest';

import type { NotebookPipelines } from '../../src/notebook/pipelines';
import { noticeOf } from '../../src/panel/notice';

const SILENT = { arriving: false, alive: false, language: '', missing: false, link: 'absent' };

function titleOf(more: Partial<NotebookPipelines>): string {
  return noticeOf({ ...SILENT, ...more } as unknown as NotebookPipelines).title;
}

test('a kernel that is on its way is waited for, and not called absent', () => {
  expect(titleOf({ arriving: true })).toBe('One moment');
  expect(titleOf({ arriving: true, alive: true })).toBe('One moment');
});

test('without a kernel, or without pipecell in it, that is said', () => {
  expect(titleOf({})).toBe('No kernel');
  expect(titleOf({ alive: true })).toBe('Not loaded');
});
