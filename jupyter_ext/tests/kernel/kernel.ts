import type { Kernel, KernelMessage as Jupyter } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

/** A message as the kernel receives it. */
export interface Sent {
  kind: string;
  subshell: string | null;
  comm: string;
  target: unknown;
  data: Record<string, unknown>;
}

let kernels = 0;

/** A kernel's connection that remembers what is sent, and gives out subshells `subshell-1`, `subshell-2`, … */
export class FakeKernel {
  status = 'idle';
  isDisposed = false;
  supportsSubshells = true;
  readonly id = `kernel-${++kernels}`;
  handleComms = true;
  readonly disposed = new Signal<this, void>(this);
  /** Comms that JupyterLab knows, by id. */
  readonly known = new Set<string>();
  readonly info = Promise.resolve({});
  readonly username = 'someone';
  readonly clientId = 'page';
  readonly iopubMessage = new Signal<this, Jupyter.IIOPubMessage>(this);
  readonly ended: string[] = [];
  /** What a new subshell waits for. */
  slow: Promise<void> = Promise.resolve();

  get connection(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }

  createComm(_: string, id: string): object {
    this.known.add(id);
    return { commsOverSubshells: '', dispose: () => this.known.delete(id) };
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

  /** Send on the comm that was opened last. */
  tell(data: unknown, comm = this.newest): void {
    this.publish('comm_msg', { comm_id: comm, data });
  }

  /** Close the comm that was opened last. */
  close(): void {
    this.publish('comm_close', { comm_id: this.newest });
  }

  private get newest(): string {
    return this.sent('comm_open').at(-1)?.comm ?? '';
  }

  private publish(kind: string, content: object): void {
    this.iopubMessage.emit({ header: { msg_type: kind }, content } as unknown as Jupyter.IIOPubMessage);
  }

  private readonly received: Sent[] = [];
  private subshells = 0;
}
