/** A comm whose messages are answered while cells run, and that leaves nothing behind when it is closed. */

import { CommsOverSubshells, KernelMessage, type Kernel } from '@jupyterlab/services';
import { UUID, type JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

/** Milliseconds for which a subshell is waited for; without one, answers come after the running cell. */
const SUBSHELL_PATIENCE = 3000;

/** What a comm is closed with: the kernel takes it in its main shell, for the subshell goes at the same time. */
const GOODBYE: JSONObject = { bye: true };

/** The connections that have comms, by the id of their kernel: the first one of each kernel in this page. */
const firsts = new Map<string, Kernel.IKernelConnection>();

/**
 * A comm with a subshell of its own, to which everything is sent; what comes is heard on the kernel's channel.
 *
 * JupyterLab's own comms fall short in two ways. Of several notebooks and consoles that share a kernel, only
 * the first may have any. And all comms of a target share one subshell, of which it loses count when a notebook
 * is closed together with its kernel's connection: the next comm is given one that has ended.
 */
export class SubshellComm implements IDisposable {
  /** Called with what the kernel sends. */
  onMessage: (data: unknown) => void = () => undefined;
  /** Called when the kernel has closed the comm. */
  onClose: () => void = () => undefined;

  constructor(
    private readonly kernel: Kernel.IKernelConnection,
    private readonly target: string
  ) {
    kernel.iopubMessage.connect(this.heard, this);
    if (kernel.handleComms && firsts.get(kernel.id) !== kernel) {
      firsts.set(kernel.id, kernel);
      kernel.disposed.connect(() => firsts.get(kernel.id) === kernel && firsts.delete(kernel.id));
    }
    this._known = this.announce(firsts.get(kernel.id));
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Open it in the kernel; a kernel that does not know the target closes it at once. */
  async open(): Promise<void> {
    await this.kernel.info;
    if (this.reachable && this.kernel.supportsSubshells) {
      await this.startSubshell();
    }
    if (this.reachable) {
      this._isOpen = true;
      this.post('comm_open', { target_name: this.target, data: {} });
    }
  }

  send(data: JSONObject): void {
    this.post('comm_msg', { data });
  }

  /** Say good-bye and end the subshell. */
  close(): void {
    if (this.reachable && this._isOpen) {
      this.post('comm_close', { data: GOODBYE });
    }
    this.endSubshell();
    this.dispose();
  }

  /** Forget the comm without a word: its kernel is gone. */
  dispose(): void {
    this._isDisposed = true;
    this._known?.dispose();
    this.kernel.iopubMessage.disconnect(this.heard, this);
  }

  /** Have JupyterLab know the comm, for it complains of messages on others; it has no other part in it. */
  private announce(first: Kernel.IKernelConnection | undefined): Kernel.IComm | null {
    if (first === undefined || first.isDisposed) {
      return null;
    }
    const comm = first.createComm(this.target, this._id);
    comm.commsOverSubshells = CommsOverSubshells.Disabled;
    return comm;
  }

  private heard(_: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    if (KernelMessage.isCommMsgMsg(message) && message.content.comm_id === this._id) {
      this.onMessage(message.content.data);
    } else if (KernelMessage.isCommCloseMsg(message) && message.content.comm_id === this._id) {
      this.endSubshell();
      this.dispose();
      this.onClose();
    }
  }

  private get reachable(): boolean {
    return !this.isDisposed && !this.kernel.isDisposed && this.kernel.status !== 'dead';
  }

  private post(msgType: 'comm_open' | 'comm_msg' | 'comm_close', content: JSONObject): void {
    const { clientId, username } = this.kernel;
    const message = KernelMessage.createMessage({
      msgType,
      channel: 'shell',
      username,
      session: clientId,
      subshellId: this._subshell,
      content: { comm_id: this._id, ...content }
    } as KernelMessage.IOptions<KernelMessage.ICommMsgMsg<'shell'>>);
    this.kernel.sendShellMessage(message, false, true);
  }

  /** Start a subshell, and wait for it for a while; one that comes later is used from then on. */
  private async startSubshell(): Promise<void> {
    const started = this.kernel.requestCreateSubshell({}).done.then(
      ({ content }) => this.useSubshell((content as { subshell_id?: string }).subshell_id ?? null),
      // The kernel went away: whoever watches its status knows.
      () => undefined
    );
    let patience = 0;
    const waited = new Promise<void>(resolve => (patience = window.setTimeout(resolve, SUBSHELL_PATIENCE)));
    await Promise.race([started, waited]);
    window.clearTimeout(patience);
  }

  private useSubshell(subshell: string | null): void {
    this._subshell = subshell;
    if (this.isDisposed) {
      this.endSubshell();
    }
  }

  private endSubshell(): void {
    const subshell = this._subshell;
    this._subshell = null;
    if (subshell !== null && !this.kernel.isDisposed && this.kernel.status !== 'dead') {
      this.kernel.requestDeleteSubshell({ subshell_id: subshell }, true);
    }
  }

  private readonly _id = UUID.uuid4();
  private readonly _known: Kernel.IComm | null;
  private _isDisposed = false;
  private _subshell: string | null = null;
  private _isOpen = false;
}
