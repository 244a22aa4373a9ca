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

async function look(written: () => Promise<string>, dirty = false, seen = true, time = 10_000) {
  const { context, revert } = file(dirty);
  const freshness = new Freshness(context, written, () => seen);
  await vi.advanceTimersByTimeAsync(time);
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

test('an error passes', async () => {
  const written = vi.fn(() => Promise.resolve('one')).mockRejectedValueOnce(new Error('503'));
  expect(await look(written)).not.toHaveBeenCalled();
  const soon = vi.fn(() => Promise.resolve('one')).mockRejectedValueOnce(new Error('503'));
  expect(await look(soon, false, true, 14_000)).toHaveBeenCalledTimes(1);
});

test('a file that is gone is asked after ever more seldom', async () => {
  const written = vi.fn(() => Promise.reject(new Error('404')));
  await look(written, false, true, 600_000);
  expect(written.mock.calls.length).toBeGreaterThan(3);
  expect(written.mock.calls.length).toBeLessThan(10);
});

test('a version that cannot be read is tried once', async () => {
  const { context, revert } = file();
  revert.mockRejectedValue(new Error('not UTF-8'));
  let version = 'one';
  const freshness = new Freshness(context, () => Promise.resolve(version), () => true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(revert).toHaveBeenCalledTimes(1);
  version = 'two';
  await vi.advanceTimersByTimeAsync(60_000);
  expect(revert).toHaveBeenCalledTimes(2);
  freshness.dispose();
});
