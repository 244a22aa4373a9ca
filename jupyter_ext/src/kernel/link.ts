/** One kernel, one comm: opens it, carries requests and answers, and says when it is gone. */

import type { Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { SubshellComm } from './comm';
import {
  PROTOCOL,
  TARGET,
  type KernelMessage,
  type RequestFailure,
  type RequestName,
  type Requests
} from './protocol';

/**
 * How far a link is: `absent`, there is no pipecell in the kernel (yet); `opening`; `open`; `strange`,
 * the kernel's pipecell speaks another protocol than this extension.
 */
export type LinkState = 'absent' | 'opening' | 'open' | 'strange';

/** A request that the kernel refused, in its own words. */
export class RequestError extends Error {
  constructor(readonly failure: RequestFailure) {
    super(failure.hint ? `${failure.message} ${failure.hint}` : failure.message);
    this.name = 'RequestError';
  }
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What carries messages to and from pipecell in a kernel. */
export class KernelLink implements IDisposable {
  constructor(private readonly kernel: Kernel.IKernelConnection) {}

  get state(): LinkState {
    return this._state;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Emitted when the state is another one. */
  get stateChanged(): ISignal<this, LinkState> {
    return this._stateChanged;
  }

  /** Emitted with all that the kernel tells, but answers. */
  get told(): ISignal<this, KernelMessage> {
    return this._told;
  }

  /** Try to open the comm, unless it is open. A kernel without pipecell closes it at once. */
  async open(): Promise<void> {
    if (this._isDisposed || this._comm !== null) {
      return;
    }
    const comm = new SubshellComm(this.kernel, TARGET);
    this._comm = comm;
    this.enter('opening');
    comm.onMessage = data => this.receive(data as KernelMessage);
    comm.onClose = () => this.lost(comm);
    await comm.open();
  }

  /** Have the kernel do something. */
  ask<T extends RequestName>(type: T, request: Requests[T][0]): Promise<Requests[T][1]> {
    const comm = this._comm;
    if (comm === null || this._state !== 'open') {
      return Promise.reject(
        new RequestError({ code: '', message: 'The kernel is not ready.', hint: 'Run %load_ext pipecell.' })
      );
    }
    const id = ++this._number;
    return new Promise((resolve, reject) => {
      this._pending.set(id, { resolve: result => resolve(result), reject });
      comm.send({ ...request, type, id } as unknown as JSONObject);
    });
  }

  /** Forget the comm: the kernel that it led to is gone. */
  reset(): void {
    const comm = this._comm;
    this._comm = null;
    comm?.dispose();
    this.fail();
    this.enter('absent');
  }

  /** Close the comm. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    const comm = this._comm;
    this._comm = null;
    comm?.close();
    this.fail();
    Signal.clearData(this);
  }

  private receive(message: KernelMessage): void {
    if (message.type === 'welcome') {
      this.enter(message.protocol === PROTOCOL ? 'open' : 'strange');
    } else if (message.type === 'answer') {
      const pending = this._pending.get(message.id);
      this._pending.delete(message.id);
      if (message.ok) {
        pending?.resolve(message.result);
      } else {
        pending?.reject(new RequestError(message.error));
      }
    } else {
      this._told.emit(message);
    }
  }

  private lost(comm: SubshellComm): void {
    if (this._comm === comm) {
      this._comm = null;
      this.fail();
      this.enter('absent');
    }
  }

  private fail(): void {
    const gone = new RequestError({ code: '', message: 'The kernel went away.', hint: '' });
    for (const pending of this._pending.values()) {
      pending.reject(gone);
    }
    this._pending.clear();
  }

  private enter(state: LinkState): void {
    if (state !== this._state) {
      this._state = state;
      this._stateChanged.emit(state);
    }
  }

  private _comm: SubshellComm | null = null;
  private _state: LinkState = 'absent';
  private _isDisposed = false;
  private _number = 0;
  private readonly _pending = new Map<number, Pending>();
  private readonly _stateChanged = new Signal<this, LinkState>(this);
  private readonly _told = new Signal<this, KernelMessage>(this);
}
