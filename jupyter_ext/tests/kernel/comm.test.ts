import { describe, expect, test } from 'vitest';

import { SubshellComm } from '../../src/kernel/comm';
import { FakeKernel } from './kernel';

async function opened(kernel = new FakeKernel()): Promise<{ comm: SubshellComm; kernel: FakeKernel }> {
  const comm = new SubshellComm(kernel.connection, 'pipecell');
  await comm.open();
  return { comm, kernel };
}

describe('a comm on a subshell', () => {
  test('sends everything to a subshell of its own', async () => {
    const { comm, kernel } = await opened();
    comm.send({ type: 'list' });
    expect(kernel.sent('comm_open')).toMatchObject([{ subshell: 'subshell-1', target: 'pipecell' }]);
    expect(kernel.sent('comm_msg')).toMatchObject([{ subshell: 'subshell-1', data: { type: 'list' } }]);
  });

  test('hears only what is sent on it', async () => {
    const { comm, kernel } = await opened();
    const heard: unknown[] = [];
    comm.onMessage = data => heard.push(data);
    kernel.tell('to somebody else', 'another comm');
    kernel.tell('to us');
    expect(heard).toEqual(['to us']);
  });

  test('has a twin for another notebook of the same kernel', async () => {
    const { comm, kernel } = await opened();
    const { comm: other } = await opened(kernel);
    const heard: unknown[] = [];
    comm.onMessage = () => heard.push('first');
    other.onMessage = () => heard.push('second');
    kernel.tell('to the second');
    expect(heard).toEqual(['second']);
  });

  test('is known to JupyterLab while it is there, so that nobody complains of its messages', async () => {
    const { comm, kernel } = await opened();
    expect([...kernel.known]).toEqual([kernel.sent('comm_open')[0]?.comm]);
    comm.close();
    expect(kernel.known.size).toBe(0);
  });

  test('is known to the connection that has the comms, where another notebook shares the kernel', async () => {
    const { kernel } = await opened();
    const guest = Object.assign(new FakeKernel(), { id: kernel.id, handleComms: false });
    await opened(guest);
    expect([kernel.known.size, guest.known.size]).toEqual([2, 0]);
  });

  test('opens in the main shell where the kernel has no subshells', async () => {
    const kernel = new FakeKernel();
    kernel.supportsSubshells = false;
    await opened(kernel);
    expect(kernel.sent('comm_open')).toMatchObject([{ subshell: null }]);
  });

  test('says good-bye and ends its subshell', async () => {
    const { comm, kernel } = await opened();
    comm.close();
    expect(kernel.sent('comm_close')).toMatchObject([{ data: { bye: true } }]);
    expect(kernel.ended).toEqual(['subshell-1']);
  });

  test('ends its subshell when the kernel closes it', async () => {
    const { comm, kernel } = await opened();
    let closed = 0;
    comm.onClose = () => closed++;
    kernel.close();
    expect([closed, kernel.ended]).toEqual([1, ['subshell-1']]);
  });

  test('is not closed by the kernel when it was closed by us', async () => {
    const { comm, kernel } = await opened();
    let closed = 0;
    comm.onClose = () => closed++;
    comm.close();
    kernel.close();
    expect([closed, kernel.ended]).toEqual([0, ['subshell-1']]);
  });

  test('never opens, and ends a subshell that comes too late, when it was closed meanwhile', async () => {
    const kernel = new FakeKernel();
    let start: () => void = () => undefined;
    kernel.slow = new Promise(resolve => (start = resolve));
    const comm = new SubshellComm(kernel.connection, 'pipecell');
    const opening = comm.open();
    await kernel.info;
    comm.close();
    start();
    await opening;
    expect(kernel.sent('comm_open')).toEqual([]);
    expect(kernel.ended).toEqual(['subshell-1']);
  });

  test('tells a dead kernel nothing', async () => {
    const { comm, kernel } = await opened();
    kernel.status = 'dead';
    comm.close();
    expect([kernel.sent('comm_close'), kernel.ended]).toEqual([[], []]);
  });
});
