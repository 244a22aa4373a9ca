import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Freshness } from '../../src/files/freshness';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A file that was read at noon. */
function file(dirty = false) {
  const revert = vi.fn(() => Promise.resolve());
  const context = { isReady: true, model: { dirty }, contentsModel: { last_modified: 'noon' }, revert };
  return { context: context as never, revert };
}

async function look(written: () => Promise<string>, dirty = false, seen = true) {
  const { context, revert } = file(dirty);
  const freshness = new Freshness(context, written, () => seen);
  await vi.advanceTimersByTimeAsync(10_000);
  freshness.dispose();
  return revert;
}

test('a file that is newer on disk is read again', async () => {
  expect(await look(() => Promise.resolve('one'))).toHaveBeenCalled();
});

test('a file that is as it was is left alone', async () => {
  expect(await look(() => Promise.resolve('noon'))).not.toHaveBeenCalled();
});

test('what a person typed is never lost', async () => {
  expect(await look(() => Promise.resolve('one'), true)).not.toHaveBeenCalled();
});

test('nobody asks after a file that nobody looks at', async () => {
  const written = vi.fn(() => Promise.resolve('one'));
  await look(written, false, false);
  expect(written).not.toHaveBeenCalled();
});

test('a file that is gone is asked after once', async () => {
  const written = vi.fn(() => Promise.reject(new Error('404')));
  await look(written);
  expect(written).toHaveBeenCalledTimes(1);
});
