import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { RangeSetBuilder } from '@codemirror/state';
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from '@codemirror/view';

import { NAME } from '../identity';
import { headerEnd, languageOf, PYTHON } from './language';

const HEADER = Decoration.mark({ class: 'pc-Header' });

/** Greys the magic's own line: it is neither Python nor YAML. */
const header = ViewPlugin.define(view => new HeaderLine(view), { decorations: value => value.decorations });

class HeaderLine {
  decorations: DecorationSet;

  constructor(view: EditorView) {
    this.decorations = HeaderLine.of(view);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this.decorations = HeaderLine.of(update.view);
    }
  }

  private static of(view: EditorView): DecorationSet {
    const end = headerEnd(view.state.doc.sliceString(0, view.state.doc.line(1).to));
    const builder = new RangeSetBuilder<Decoration>();
    if (end !== null) {
      builder.add(0, end, HEADER);
    }
    return builder.finish();
  }
}

/** Keep a cell's language what its `%%step` line says; JupyterLab sets the kernel's own from time to time. */
function follow(cell: Cell): void {
  const { model } = cell;
  if (model.type !== 'code' || followed.has(model)) {
    return;
  }
  followed.add(model);
  let usual = model.mimeType;
  let ours: string | null = null;
  const settle = (): void => {
    const wanted = languageOf(model.sharedModel.getSource());
    // Not before the kernel's language is known: the words of another language are not ours to colour.
    const language = wanted !== null && usual !== PYTHON && wanted === PYTHON ? null : wanted;
    if (language !== null && model.mimeType !== language) {
      ours = language;
      model.mimeType = language;
    } else if (language === null && ours !== null && model.mimeType === ours) {
      ours = null;
      model.mimeType = usual;
    }
  };
  model.mimeTypeChanged.connect((_, change) => {
    if (change.newValue !== ours) {
      usual = change.newValue;
      settle();
    }
  });
  model.contentChanged.connect(settle);
  settle();
}

const followed = new WeakSet();

function followAll(panel: NotebookPanel): void {
  panel.content.widgets.forEach(follow);
}

/** Highlights the bodies of `%%step` cells in their own language. */
export const highlight: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:highlight`,
  description: 'Highlights %%step cells in the language of their body, Python or YAML.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker, registry: IEditorExtensionRegistry): void => {
    registry.addExtension({
      name: `${NAME}:header`,
      factory: () => EditorExtensionRegistry.createImmutableExtension(header)
    });
    const add = (panel: NotebookPanel): void => {
      followAll(panel);
      panel.content.modelContentChanged.connect(() => followAll(panel));
    };
    tracker.forEach(add);
    tracker.widgetAdded.connect((__, panel) => add(panel));
  }
};
