import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  ICompletionProviderManager,
  type CompletionHandler,
  type ICompletionContext,
  type ICompletionProvider
} from '@jupyterlab/completer';
import { NotebookPanel } from '@jupyterlab/notebook';

import { NAME } from './identity';
import { INotebooks } from './tokens';

/** Words of a line that is one of pipecell's magics. */
const MAGIC = /^\s*%%?(?:pipeline|step)\b/;

/** Above the kernel's own completions, which hold the same words but wait for the running cell. */
const RANK = 1200;

/** Completes magic lines from the kernel's table of verbs, also while a cell runs. */
class MagicProvider implements ICompletionProvider {
  readonly identifier = `${NAME}:magics`;
  readonly rank = RANK;
  readonly renderer = null;

  constructor(private readonly notebooks: INotebooks) {}

  isApplicable(context: ICompletionContext): Promise<boolean> {
    const { editor, widget } = context;
    const notebook = widget instanceof NotebookPanel ? this.notebooks.of(widget) : undefined;
    const line = editor?.getLine(editor.getCursorPosition().line) ?? '';
    return Promise.resolve(notebook?.link === 'open' && MAGIC.test(line));
  }

  async fetch(
    request: CompletionHandler.IRequest,
    context: ICompletionContext
  ): Promise<CompletionHandler.ICompletionItemsReply> {
    const none = { start: request.offset, end: request.offset, items: [] };
    const notebook = context.widget instanceof NotebookPanel ? this.notebooks.of(context.widget) : undefined;
    const before = request.text.slice(0, request.offset);
    const line = before.slice(before.lastIndexOf('\n') + 1);
    if (notebook === undefined || !MAGIC.test(line)) {
      return none;
    }
    const { begun, words } = await notebook.ask('complete', { line });
    const items = words.map(word => ({ label: word, insertText: word, type: 'magic' }));
    return { start: request.offset - begun.length, end: request.offset, items };
  }
}

/** Adds completion of the words of pipecell's magics. */
export const completer: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:completer`,
  description: 'Completes verbs, options, steps and parameters on lines of %pipeline and %%step.',
  autoStart: true,
  requires: [INotebooks, ICompletionProviderManager],
  activate: (_: JupyterFrontEnd, notebooks: INotebooks, manager: ICompletionProviderManager): void => {
    manager.registerProvider(new MagicProvider(notebooks));
  }
};
