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

async function look(written: () => Promise<string | null>, dirty = false, seen = true, seconds = 10) {
  const { context, revert } = file(dirty);
  const gone = vi.fn();
  const freshness = new Freshness(context, { written, seen: () => seen, gone });
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  freshness.dispose();
  return { revert, gone };
}

test('a file that is newer on disk is read again', async () => {
  expect((await look(() => Promise.resolve('one'))).revert).toHaveBeenCalled();
});

test('a file that is as it was is left alone', async () => {
  expect((await look(() => Promise.resolve('noon'))).revert).not.toHaveBeenCalled();
});

test('what a person typed is never lost', async () => {
  expect((await look(() => Promise.resolve('one'), true)).revert).not.toHaveBeenCalled();
});

test('nobody asks after a file that nobody looks at', async () => {
  const written = vi.fn(() => Promise.resolve('one'));
  await look(written, false, false);
  expect(written).not.toHaveBeenCalled();
});

test('a file that is gone is said to be, asked after ever more rarely, and read when it is back', async () => {
  const written = vi.fn(() => Promise.resolve<string | null>('one'));
  [1, 2, 3].forEach(() => written.mockResolvedValueOnce(null));
  const { gone, revert } = await look(written, false, true, 61);
  expect(gone.mock.calls).toEqual([[true], [true], [true], [false]]); // after 4, 12, 28 and 60 seconds
  expect(revert).toHaveBeenCalledTimes(1);
});

test('a server that is out of reach is asked again', async () => {
  const written = vi.fn(() => Promise.resolve('one')).mockRejectedValueOnce(new Error('no network'));
  expect((await look(written, false, true, 13)).revert).toHaveBeenCalled();
});

test('what JupyterLab could not read is tried once, until it is written again', async () => {
  const { context, revert } = file();
  revert.mockRejectedValue(new Error('not UTF-8'));
  const written = vi.fn(() => Promise.resolve('one'));
  const freshness = new Freshness(context, { written, seen: () => true, gone: () => undefined });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(revert).toHaveBeenCalledTimes(1);
  written.mockResolvedValue('two');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(revert).toHaveBeenCalledTimes(2);
  freshness.dispose();
});
