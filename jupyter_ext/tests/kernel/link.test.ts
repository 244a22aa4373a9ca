import type { Kernel, KernelMessage as Jupyter } from '@jupyterlab/services';
import { describe, expect, test } from 'vitest';

import { KernelLink, RequestError } from '../../src/kernel/link';

/** The kernel's end of a comm, as far as a link uses it. */
class FakeComm {
  onMsg: (message: Jupyter.ICommMsgMsg) => void = () => undefined;
  onClose: (message?: Jupyter.ICommCloseMsg) => void = () => undefined;
  readonly sent: Record<string, unknown>[] = [];
  readonly subshellStarted = Promise.resolve();
  goodbye: unknown = null;
  isDisposed = false;
  opened = false;

  constructor(readonly subshellId: string) {}

  open(): void {
    this.opened = true;
  }

  send(data: Record<string, unknown>): void {
    this.sent.push(data);
  }

  close(data?: unknown): void {
    this.goodbye = data;
    this.dispose();
  }

  dispose(): void {
    this.isDisposed = true;
  }

  tell(data: unknown): void {
    this.onMsg({ content: { data } } as unknown as Jupyter.ICommMsgMsg);
  }
}

function linked(supportsSubshells = true, subshell = 'any'): { link: KernelLink; comms: FakeComm[]; ended: string[] } {
  const ended: string[] = [];
  const comms: FakeComm[] = [];
  const kernel = {
    status: 'idle',
    info: Promise.resolve({}),
    isDisposed: false,
    supportsSubshells,
    createComm: () => {
      comms.push(new FakeComm(subshell));
      return comms.at(-1);
    },
    requestDeleteSubshell: ({ subshell_id }: { subshell_id: string }) => ended.push(subshell_id)
  };
  return { link: new KernelLink(kernel as unknown as Kernel.IKernelConnection), comms, ended };
}

async function open(): Promise<{ link: KernelLink; comm: FakeComm }> {
  const { link, comms } = linked();
  await link.open();
  const [comm] = comms;
  if (!comm) {
    throw new Error('no comm was made');
  }
  comm.tell({ type: 'welcome', protocol: 1 });
  return { link, comm };
}

describe('a link to a kernel', () => {
  test('is open when the kernel has said welcome', async () => {
    const { link, comm } = await open();
    expect([comm.opened, link.state]).toEqual([true, 'open']);
  });

  test('opens too where the kernel has no subshells', async () => {
    const { link, comms } = linked(false);
    await link.open();
    expect(comms[0]?.opened).toBe(true);
  });

  test('does not pretend to know another protocol', async () => {
    const { link, comm } = await open();
    comm.tell({ type: 'welcome', protocol: 2 });
    expect(link.state).toBe('strange');
  });

  test('is absent when a kernel without pipecell closes the comm, and can be tried again', async () => {
    const { link, comms } = linked();
    await link.open();
    comms[0]?.onClose();
    expect(link.state).toBe('absent');
    await link.open();
    expect(comms).toHaveLength(2);
  });

  test('gives each request its own answer', async () => {
    const { link, comm } = await open();
    const first = link.ask('target', { target: 'local' });
    const second = link.ask('complete', { line: '%pipeline r' });
    comm.tell({ type: 'answer', id: comm.sent[1]?.id, ok: true, result: { begun: 'r', words: ['run'] } });
    comm.tell({ type: 'answer', id: comm.sent[0]?.id, ok: true, result: { line: 'here' } });
    expect(await second).toEqual({ begun: 'r', words: ['run'] });
    expect(await first).toEqual({ line: 'here' });
  });

  test('rejects with the kernel’s own sentence', async () => {
    const { link, comm } = await open();
    const asked = link.ask('stop', { arn: 'x' });
    const error = { code: 'PC915', message: 'Not an ARN.', hint: 'Use last.' };
    comm.tell({ type: 'answer', id: comm.sent[0]?.id, ok: false, error });
    await expect(asked).rejects.toThrow('Not an ARN. Use last.');
  });

  test('lets nobody wait for a kernel that went away', async () => {
    const { link } = await open();
    const asked = link.ask('stop', { arn: 'x' });
    link.reset();
    await expect(asked).rejects.toBeInstanceOf(RequestError);
    await expect(link.ask('stop', { arn: 'x' })).rejects.toBeInstanceOf(RequestError);
  });

  test('says good-bye, and the last one ends the subshell', async () => {
    const [first, second] = [linked(true, 'shared'), linked(true, 'shared')];
    await first.link.open();
    await second.link.open();
    first.link.dispose();
    expect([first.comms[0]?.goodbye, first.ended]).toEqual([{ bye: true }, []]);
    second.link.dispose();
    expect(second.ended).toEqual(['shared']);
  });
});
