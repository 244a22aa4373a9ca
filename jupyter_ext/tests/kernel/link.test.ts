import { describe, expect, test } from 'vitest';

import { KernelLink, RequestError } from '../../src/kernel/link';
import { FakeKernel } from './kernel';

function linked(): { link: KernelLink; kernel: FakeKernel } {
  const kernel = new FakeKernel();
  return { link: new KernelLink(kernel.connection), kernel };
}

async function open(): Promise<{ link: KernelLink; kernel: FakeKernel }> {
  const { link, kernel } = linked();
  await link.open();
  kernel.tell({ type: 'welcome', protocol: 1 });
  return { link, kernel };
}

describe('a link to a kernel', () => {
  test('is open when the kernel has said welcome', async () => {
    const { link, kernel } = linked();
    await link.open();
    expect(link.state).toBe('opening');
    kernel.tell({ type: 'welcome', protocol: 1 });
    expect(link.state).toBe('open');
  });

  test('does not pretend to know another protocol', async () => {
    const { link, kernel } = await open();
    kernel.tell({ type: 'welcome', protocol: 2 });
    expect(link.state).toBe('strange');
  });

  test('is absent when a kernel without pipecell closes the comm, and can be tried again', async () => {
    const { link, kernel } = linked();
    await link.open();
    kernel.close();
    expect(link.state).toBe('absent');
    await link.open();
    expect(kernel.sent('comm_open')).toHaveLength(2);
  });

  test('gives each request its own answer', async () => {
    const { link, kernel } = await open();
    const first = link.ask('target', { target: 'local' });
    const second = link.ask('complete', { line: '%pipeline r' });
    const [one, two] = kernel.sent('comm_msg');
    kernel.tell({ type: 'answer', id: two?.data.id, ok: true, result: { begun: 'r', words: ['run'] } });
    kernel.tell({ type: 'answer', id: one?.data.id, ok: true, result: { line: 'here' } });
    expect(await second).toEqual({ begun: 'r', words: ['run'] });
    expect(await first).toEqual({ line: 'here' });
  });

  test('rejects with the kernel’s own sentence', async () => {
    const { link, kernel } = await open();
    const asked = link.ask('stop', { arn: 'x' });
    const error = { code: 'PC915', message: 'Not an ARN.', hint: 'Use last.' };
    kernel.tell({ type: 'answer', id: kernel.sent('comm_msg')[0]?.data.id, ok: false, error });
    await expect(asked).rejects.toThrow('Not an ARN. Use last.');
  });

  test('lets nobody wait for a kernel that went away', async () => {
    const { link } = await open();
    const asked = link.ask('stop', { arn: 'x' });
    link.reset();
    await expect(asked).rejects.toBeInstanceOf(RequestError);
    await expect(link.ask('stop', { arn: 'x' })).rejects.toBeInstanceOf(RequestError);
  });

  test('says good-bye when it is disposed', async () => {
    const { link, kernel } = await open();
    link.dispose();
    expect(kernel.sent('comm_close')[0]?.data).toEqual({ bye: true });
  });
});
