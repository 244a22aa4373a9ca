import type { Kernel, KernelMessage as Jupyter } from '@jupyterlab/services';

/** A message as the kernel receives it. */
export interface Sent {
  kind: string;
  subshell: string | null;
  comm: string;
  target: unknown;
  data: Record<string, unknown>;
}

/** JupyterLab's end of a comm, as far as it is used. */
class FakeComm {
  onMsg: (message: Jupyter.ICommMsgMsg) => void = () => undefined;
  onClose: (message?: Jupyter.ICommCloseMsg) => void = () => undefined;
  commsOverSubshells = 'perCommTarget';
  isDisposed = false;

  constructor(readonly commId: string) {}

  dispose(): void {
    this.isDisposed = true;
  }
}

/** A kernel's connection that remembers what is sent, and gives out subshells `subshell-1`, `subshell-2`, … */
export class FakeKernel {
  status = 'idle';
  isDisposed = false;
  supportsSubshells = true;
  readonly info = Promise.resolve({});
  readonly username = 'someone';
  readonly clientId = 'page';
  readonly comms: FakeComm[] = [];
  readonly ended: string[] = [];
  /** What a new subshell waits for. */
  slow: Promise<void> = Promise.resolve();

  get connection(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }

  createComm(): FakeComm {
    const comm = new FakeComm(`comm-${this.comms.length + 1}`);
    this.comms.push(comm);
    return comm;
  }

  sendShellMessage(message: Jupyter.ICommMsgMsg<'shell'>): void {
    const { comm_id: comm, data, target_name: target } = message.content as unknown as Record<string, unknown>;
    const { msg_type: kind, subshell_id: subshell } = message.header as typeof message.header & {
      subshell_id: string | null;
    };
    this.received.push({ kind, subshell, comm, target, data } as Sent);
  }

  requestCreateSubshell(): { done: Promise<unknown> } {
    const subshell = `subshell-${++this.subshells}`;
    return { done: this.slow.then(() => ({ content: { status: 'ok', subshell_id: subshell } })) };
  }

  requestDeleteSubshell({ subshell_id: subshell }: { subshell_id: string }): void {
    this.ended.push(subshell);
  }

  /** What was sent, of one kind. */
  sent(kind: string): Sent[] {
    return this.received.filter(message => message.kind === kind);
  }

  /** Send on the newest comm. */
  tell(data: unknown): void {
    this.comms.at(-1)?.onMsg({ content: { data } } as unknown as Jupyter.ICommMsgMsg);
  }

  /** Close the newest comm, as JupyterLab has it closed. */
  close(): void {
    this.comms.at(-1)?.onClose();
    this.comms.at(-1)?.dispose();
  }

  private readonly received: Sent[] = [];
  private subshells = 0;
}
