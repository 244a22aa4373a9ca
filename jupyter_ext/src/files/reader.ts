/** Reads definition files with Python: in one kernel of its own, begun on demand and ended when it rests. */

import type { Kernel, ServiceManager, Session } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import type { DagDocument, Detail, Scene } from '../dag';
import type { Pipeline, Problem } from '../kernel/protocol';
import { pythonOf } from '../kernel/python';

/** What Python says of a definition. */
export interface Reading {
  readonly name: string;
  /** Empty where the text cannot be read. */
  readonly engine: Pipeline['engine'] | '';
  readonly steps: number;
  /** null where it cannot be drawn; `trouble` says why. */
  readonly dag: DagDocument | null;
  readonly problems: readonly Problem[];
  readonly trouble: string;
}

/** The ids of the nodes that people folded and opened in a DAG. */
export interface Folding {
  readonly folded: readonly string[];
  readonly opened: readonly string[];
}

/** A DAG that was folded or opened; no scene where there is no Graphviz. */
export interface Refolded extends Folding {
  readonly scene: Scene | null;
}

/** A file whose text is asked about. */
export interface Asked extends Folding {
  readonly text: string;
  readonly path: string;
}

/** What can be asked, and how it is answered; Python answers in `frontend/files.py`. */
export interface Questions {
  readonly read: { readonly asks: object; readonly answer: Reading };
  readonly toggle: { readonly asks: { readonly node: string }; readonly answer: Refolded };
  readonly show: { readonly asks: { readonly node: string }; readonly answer: Refolded };
  readonly fold: { readonly asks: { readonly all: boolean }; readonly answer: Refolded };
  readonly open: { readonly asks: { readonly node: string }; readonly answer: Detail };
  readonly line: {
    readonly asks: { readonly step: string | null; readonly place: string };
    readonly answer: { readonly line: number };
  };
}

/** There is no Python here that could read a definition; the message says so calmly. */
export class NoReaderError extends Error {}

/** The kernel ended while it was asked: somebody shut it down. */
class EndedError extends NoReaderError {}

/** How the path of its session begins. */
const PATH = 'pipecell-viewer';

/** Milliseconds for which the kernel is kept after the last reading. */
const REST = 60_000;

export class DefinitionReader {
  constructor(private readonly services: ServiceManager.IManager) {}

  /**
   * Ask about a file.
   *
   * @throws NoReaderError where no kernel has pipecell.
   */
  async ask<Type extends keyof Questions>(
    type: Type,
    file: Asked,
    more: Questions[Type]['asks']
  ): Promise<Questions[Type]['answer']> {
    window.clearTimeout(this.resting);
    this.busy += 1;
    const question = { ...file, ...more, type };
    try {
      return (await this.answered(question)) as Questions[Type]['answer'];
    } finally {
      this.busy -= 1;
      if (this.busy === 0) {
        this.resting = window.setTimeout(() => void this.close(), REST);
      }
    }
  }

  /** End the kernel. */
  async close(): Promise<void> {
    window.clearTimeout(this.resting);
    const session = this.session;
    this.session = null;
    await (await session?.catch(() => null))?.shutdown().catch(() => undefined);
  }

  private async answered(question: object): Promise<unknown> {
    try {
      return await answer(await this.kernel(), question);
    } catch (error) {
      if (!(error instanceof EndedError)) {
        throw error;
      }
      this.session = null;
      return await answer(await this.kernel(), question); // a second end is the question's own fault
    }
  }

  private async kernel(): Promise<Kernel.IKernelConnection> {
    const before = this.session;
    if (before !== null && (await kernelOf(before)) === null && this.session === before) {
      this.session = null;
    }
    const session = (this.session ??= this.begin());
    try {
      const { kernel } = await session;
      if (kernel) {
        return kernel;
      }
    } catch (error) {
      this.session = null;
      throw error;
    }
    throw new EndedError(ENDED);
  }

  private async begin(): Promise<Session.ISessionConnection> {
    const { sessions, kernelspecs } = this.services;
    await kernelspecs.ready;
    const name = pythonOf(kernelspecs.specs);
    if (name === null) {
      throw new NoReaderError('There is no Python kernel here to read the definition with.');
    }
    // One that a closed page has left is taken over, so that they never pile up; one of another page is its own.
    await sessions.refreshRunning();
    const left = [...sessions.running()].find(
      ({ path, kernel }) => path.startsWith(PATH) && kernel?.connections === 0
    );
    const path = `${PATH}-${UUID.uuid4()}`;
    return left
      ? sessions.connectTo({ model: left })
      : sessions.startNew({ path, name: 'Definition viewer', type: 'console', kernel: { name } });
  }

  private session: Promise<Session.ISessionConnection> | null = null;
  private resting = 0;
  private busy = 0;
}

const ENDED = 'The kernel that reads definitions ended. Open the file again.';

/** The kernel of a session; null where it is no more. */
async function kernelOf(session: Promise<Session.ISessionConnection>): Promise<Kernel.IKernelConnection | null> {
  const { kernel, isDisposed } = await session;
  return isDisposed || kernel === null || kernel.status === 'dead' ? null : kernel;
}

/** Ask a kernel; the question goes as a string, and never as code. */
async function answer(kernel: Kernel.IKernelConnection, question: object): Promise<unknown> {
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    allow_stdin: false,
    user_expressions: {
      reading: `__import__("pipecell.frontend.files", fromlist=["*"]).answer(${pythonJson(question)})`
    }
  });
  const { content } = await future.done.catch(() => {
    throw new EndedError(ENDED);
  });
  if (content.status !== 'ok') {
    throw new NoReaderError('The kernel could not read the definition.');
  }
  const found = content.user_expressions.reading as
    | { status: string; ename?: string; evalue?: string; data?: Record<string, unknown> }
    | undefined;
  const data = found?.data?.['application/json'];
  if (found?.status === 'ok' && data !== undefined) {
    return data;
  }
  if (found?.ename === 'ModuleNotFoundError' || found?.ename === 'ImportError') {
    throw new NoReaderError('The Python of this JupyterLab has no pipecell: `pip install pipecell` in its kernel.');
  }
  throw new NoReaderError(`The definition could not be read: ${found?.evalue ?? 'no answer'}.`);
}

/** A Python string that holds a value's JSON; in ASCII, so that JSON alone says what a character beyond it is. */
export function pythonJson(value: unknown): string {
  const json = JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
  return JSON.stringify(json);
}
