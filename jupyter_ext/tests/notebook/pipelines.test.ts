import type { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { expect, test } from 'vitest';

import { NotebookPipelines } from '../../src/notebook/pipelines';
import { FakeKernel } from '../kernel/kernel';

const PATIENT = { timeout: 20_000 };

/** A notebook whose one cell loads pipecell, and its kernel, which is being asked for it. */
async function opening() {
  const kernel = Object.assign(new FakeKernel(), { info: Promise.resolve({ language_info: { name: 'python' } }) });
  const sessionContext = {
    kernelChanged: new Signal<object, unknown>({}),
    statusChanged: new Signal<object, unknown>({}),
    connectionStatusChanged: new Signal<object, unknown>({}),
    iopubMessage: new Signal<object, object>({}),
    ready: Promise.resolve(),
    session: { kernel }
  };
  const cell = { id: 'one', type: 'code', sharedModel: { getSource: () => '%load_ext pipecell' } };
  const content = { model: { cells: [cell] }, disposed: new Signal<object, void>({}) };
  const context = { model: { contentChanged: new Signal<object, void>({}) } };
  const notebook = new NotebookPipelines({ sessionContext, content, context } as unknown as NotebookPanel, null);
  const opened = (): number => kernel.sent('comm_open').length;
  await expect.poll(opened, PATIENT).toBe(1);
  const tell = (type: string, told: object): void =>
    sessionContext.iopubMessage.emit({ header: { msg_type: type }, parent_header: { msg_id: 'run' }, content: told });
  const runCell = (): void => {
    tell('execute_input', { code: '%load_ext pipecell' });
    tell('status', { execution_state: 'idle' });
  };
  return { kernel, notebook, opened, runCell };
}

test('a kernel that said no just before a cell loaded pipecell is asked again', async () => {
  const { kernel, notebook, opened, runCell } = await opening();
  runCell();
  kernel.close();
  await expect.poll(opened, PATIENT).toBe(2);
  kernel.tell({ type: 'welcome', protocol: 1 });
  expect(notebook.link).toBe('open');
  notebook.dispose();
});

test('a kernel that said no is asked no more until a cell may have loaded pipecell', async () => {
  const { kernel, notebook, opened, runCell } = await opening();
  kernel.close();
  expect(notebook.link).toBe('absent');
  runCell();
  await expect.poll(opened, PATIENT).toBe(2);
  kernel.close();
  expect([notebook.link, opened()]).toEqual(['absent', 2]);
  notebook.dispose();
});
