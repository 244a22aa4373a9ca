import { expect, test } from 'vitest';

import { together } from '../../src/panel/together';
import { state } from '../samples';

const done = state({ status: 'Succeeded', sign: '✓', ink: 'ok', word: 'succeeded', started: 10, ended: 20 });
const failed = state({ status: 'Failed', ink: 'fail', word: 'failed', started: 5, ended: 30, reason: 'No data.' });
const running = state({ started: 12 });

test('steps of which none has begun have no state', () => {
  expect(together([], 3)).toBeNull();
});

test('the most urgent state is the one of all, with its reason and its times', () => {
  expect(together([done, failed, running], 3)).toMatchObject({ status: 'Failed', started: 5, ended: 30, reason: 'No data.' });
});

test('a stack runs on while some of its steps have not begun', () => {
  expect(together([done, done], 3)).toMatchObject({ status: 'Executing', started: 10, ended: null });
});

test('a stack has succeeded when all that were taken have', () => {
  const off = state({ status: 'NotTaken', ink: 'wait', started: null });
  expect(together([off, done], 2)).toMatchObject({ status: 'Succeeded', started: 10, ended: 20 });
});
