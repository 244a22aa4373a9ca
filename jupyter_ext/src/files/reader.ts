/** Reads definition files with Python: in one kernel of its own, begun on demand and ended when it rests. */

import type { Kernel, KernelSpec, ServiceManager, Session } from '@jupyterlab/services';

import type { DagDocument } from '../dag';
import type { Problem } from '../kernel/protocol';

/** What Python says of a definition. */
export interface Reading {
  readonly name: string;
  readonly engine: string;
  readonly steps: number;
  /** null where it cannot be drawn; `trouble` says why. */
  readonly dag: DagDocument | null;
  readonly problems: readonly Problem[];
  readonly trouble: string;
}

/** There is no Python here that could read a definition; the message says so calmly. */
export class NoReaderError extends Error {}

/** How its session is called in the list of what runs. */
const PATH = 'pipecell-viewer';

/** Milliseconds for which the kernel is kept after the last reading. */
const REST = 60_000;

export class DefinitionReader {
  constructor(private readonly services: ServiceManager.IManager) {}

  /**
   * Read a definition.
   *
   * @throws NoReaderError where no kernel has pipecell.
   */
  async read(text: string, path: string): Promise<Reading> {
    window.clearTimeout(this.resting);
    this.busy += 1;
    try {
      const kernel = await this.kernel();
      return await ask(kernel, text, path);
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

  private async kernel(): Promise<Kernel.IKernelConnection> {
    this.session ??= this.begin();
    try {
      const { kernel } = await this.session;
      if (kernel && kernel.status !== 'dead') {
        return kernel;
      }
    } catch (error) {
      this.session = null;
      throw error;
    }
    this.session = null;
    throw new NoReaderError('The kernel that reads definitions ended. Open the file again.');
  }

  private async begin(): Promise<Session.ISessionConnection> {
    const { sessions, kernelspecs } = this.services;
    await kernelspecs.ready;
    const name = pythonOf(kernelspecs.specs);
    if (name === null) {
      throw new NoReaderError('There is no Python kernel here to read the definition with.');
    }
    // One that an earlier page has left is taken over, so that they never pile up.
    const left = await sessions.findByPath(PATH);
    return left
      ? sessions.connectTo({ model: left })
      : sessions.startNew({ path: PATH, name: 'Definition viewer', type: 'console', kernel: { name } });
  }

  private session: Promise<Session.ISessionConnection> | null = null;
  private resting = 0;
  private busy = 0;
}

/** The name of a Python kernel: the default one where that is Python. */
export function pythonOf(specs: KernelSpec.ISpecModels | null): string | null {
  const known = specs?.kernelspecs ?? {};
  if (specs && known[specs.default]?.language === 'python') {
    return specs.default;
  }
  return Object.keys(known).find(name => known[name]?.language === 'python') ?? null;
}

/** Ask a kernel; the text goes as a JSON string, which is a Python string too, and never as code. */
async function ask(kernel: Kernel.IKernelConnection, text: string, path: string): Promise<Reading> {
  const literal = (value: string): string => asciiJson(value);
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    allow_stdin: false,
    user_expressions: {
      reading: `__import__("pipecell.frontend.files", fromlist=["*"]).answer(${literal(text)}, ${literal(path)})`
    }
  });
  const { content } = await future.done;
  if (content.status !== 'ok') {
    throw new NoReaderError('The kernel could not read the definition.');
  }
  const found = content.user_expressions.reading as
    | { status: string; ename?: string; evalue?: string; data?: Record<string, unknown> }
    | undefined;
  const answer = found?.data?.['application/json'];
  if (found?.status === 'ok' && answer !== undefined) {
    return answer as Reading;
  }
  if (found?.ename === 'ModuleNotFoundError' || found?.ename === 'ImportError') {
    throw new NoReaderError('The Python of this JupyterLab has no pipecell: `pip install pipecell` in its kernel.');
  }
  throw new NoReaderError(`The definition could not be read: ${found?.evalue ?? 'no answer'}.`);
}

/** JSON of a string in ASCII alone; Python reads it as the same string. */
export function asciiJson(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}
