import { expect, test, vi } from 'vitest';

import { DefinitionReader, NoReaderError } from '../../src/files/reader';

const FILE = { text: '{}', path: 'a.json', folded: [], opened: [] };

/** Services with one kernel after the other, each of which answers by its own behaviour. */
function services(...kernels: (() => Promise<unknown>)[]) {
  const left: { path: string; kernel: { connections: number } }[] = [];
  const connectTo = vi.fn(() => startNew());
  let begun = 0;
  const startNew = () => {
    const done = kernels[begun++] ?? (() => Promise.reject(new Error('no kernel left')));
    const requestExecute = () => ({ done: done() });
    return Promise.resolve({ isDisposed: false, kernel: { status: 'idle', requestExecute }, shutdown: () => Promise.resolve() });
  };
  const made = {
    kernelspecs: { ready: Promise.resolve(), specs: { default: 'python3', kernelspecs: { python3: { language: 'python' } } } },
    sessions: { refreshRunning: () => Promise.resolve(), running: () => left, connectTo, startNew }
  };
  return { services: made as never, begun: () => begun, left, connectTo };
}

const says = (reading: object) => () =>
  Promise.resolve({ content: { status: 'ok', user_expressions: { reading } } });
const answers = (data: object) => says({ status: 'ok', data: { 'application/json': data } });
const ends = () => Promise.reject(new Error('Canceled future for execute_request message before replies were done'));

test('a kernel that somebody ended is begun anew, once', async () => {
  const kernels = services(ends, answers({ line: 3 }));
  const reader = new DefinitionReader(kernels.services);
  expect(await reader.ask('line', FILE, { step: null, place: '' })).toEqual({ line: 3 });
  expect(kernels.begun()).toBe(2);
  await reader.close();
});

test('a kernel that ends at each question is said, and asked no more', async () => {
  const kernels = services(ends, ends, answers({}));
  const reader = new DefinitionReader(kernels.services);
  await expect(reader.ask('read', FILE, {})).rejects.toThrow('The kernel that reads definitions ended.');
  expect(kernels.begun()).toBe(2);
  await reader.close();
});

test('a Python without pipecell is said calmly', async () => {
  const kernels = services(says({ status: 'error', ename: 'ModuleNotFoundError', evalue: "No module named 'pipecell'" }));
  const reader = new DefinitionReader(kernels.services);
  await expect(reader.ask('read', FILE, {})).rejects.toThrow(NoReaderError);
  await reader.close();
});

test.each([
  [0, 1],
  [1, 0]
])('a kernel with %d pages is taken over %d times', async (connections, times) => {
  const kernels = services(answers({ line: 3 }));
  kernels.left.push({ path: 'pipecell-viewer-1', kernel: { connections } });
  const reader = new DefinitionReader(kernels.services);
  await reader.ask('line', FILE, { step: null, place: '' });
  expect(kernels.connectTo).toHaveBeenCalledTimes(times);
  await reader.close();
});
