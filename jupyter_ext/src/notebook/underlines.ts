/** Problems in the text of cells: waved lines at the exact place, with their sentence on hover. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { RangeSetBuilder, type Extension } from '@codemirror/state';
import {
  Decoration,
  hoverTooltip,
  ViewPlugin,
  type DecorationSet,
  type EditorView,
  type Tooltip,
  type ViewUpdate
} from '@codemirror/view';

import { isolated } from '../dag/isolated';
import { html } from '../dom';
import { NAME } from '../identity';
import type { Problem } from '../kernel/protocol';
import { problemsOf } from '../kernel/state';
import { INotebooks, ISettings } from '../tokens';
import type { NotebookPipelines } from './pipelines';
import { placed, type Placed } from './places';

/** Which problems a cell has now, and when that may have changed. */
interface Source {
  problems(cell: CodeEditor.IModel): readonly Problem[];
  listen(listener: () => void): () => void;
}

/** Draws the problems of one cell in one editor. */
class Underlines {
  decorations: DecorationSet = Decoration.none;
  marks: Placed[] = [];

  constructor(
    private readonly view: EditorView,
    private readonly cell: CodeEditor.IModel,
    private readonly source: Source
  ) {
    this.stop = source.listen(() => this.refresh());
    this.draw();
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this.draw();
    }
  }

  destroy(): void {
    this.stop();
  }

  private refresh(): void {
    const problems = this.source.problems(this.cell);
    if (problems.length !== this.problems.length || problems.some((each, at) => each !== this.problems[at])) {
      this.draw();
      this.view.dispatch({}); // has the editor ask for the decorations
    }
  }

  private draw(): void {
    this.problems = this.source.problems(this.cell);
    this.marks = placed(this.problems, this.view.state.doc.toString());
    const builder = new RangeSetBuilder<Decoration>();
    for (const { from, to, problem } of this.marks) {
      builder.add(
        from,
        to,
        Decoration.mark({ class: `pc-Underline pc-mod-${problem.severity}`, attributes: { 'data-code': problem.code } })
      );
    }
    this.decorations = builder.finish();
  }

  private problems: readonly Problem[] = [];
  private readonly stop: () => void;
}

/** The sentence of a problem, its code and its way out. */
export function explain(problem: Problem): HTMLElement {
  return html(
    'div',
    `pc-Explain pc-mod-${problem.severity}`,
    {},
    html('code', 'pc-Code', {}, problem.code),
    html('span', '', {}, ` ${isolated(problem.message)} `),
    html('span', 'pc-Hint', {}, isolated(problem.hint))
  );
}

function extension(cell: CodeEditor.IModel, source: Source): Extension {
  const plugin = ViewPlugin.define(view => new Underlines(view, cell, source), {
    decorations: value => value.decorations
  });
  const tooltip = hoverTooltip((view, position): Tooltip | null => {
    const found = (view.plugin(plugin)?.marks ?? []).filter(mark => mark.from <= position && position <= mark.to);
    const first = found[0];
    if (first === undefined) {
      return null;
    }
    return {
      pos: first.from,
      end: first.to,
      above: true,
      create: () => ({ dom: html('div', 'pc-Tooltip pc-colours', {}, ...found.map(mark => explain(mark.problem))) })
    };
  });
  return [plugin, tooltip];
}

/** The id of a cell's model; empty for that of another editor. */
function idOf(model: CodeEditor.IModel): string {
  const { id } = model as { id?: unknown };
  return typeof id === 'string' ? id : '';
}

/** The problems of a cell, once, however many views of its notebook there are; a copied file has the same ids. */
function problemsOfCell(notebooks: readonly NotebookPipelines[], model: CodeEditor.IModel): readonly Problem[] {
  const id = idOf(model);
  const view = notebooks.find(({ panel, state }) => problemsOf(state, id).length > 0 && holds(panel, model));
  return view === undefined ? [] : problemsOf(view.state, id);
}

function holds(panel: NotebookPanel, model: CodeEditor.IModel): boolean {
  return [...(panel.content.model?.cells ?? [])].some(cell => (cell as CodeEditor.IModel) === model);
}

/** Underlines what is wrong in cells. */
export const underlines: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:underlines`,
  description: 'Underlines problems of pipelines in the cells that they come from.',
  autoStart: true,
  requires: [INotebooks, IEditorExtensionRegistry],
  optional: [ISettings],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebooks,
    registry: IEditorExtensionRegistry,
    settings: ISettings | null
  ): void => {
    const source: Source = {
      problems: cell =>
        settings?.underlines === false ? [] : problemsOfCell(notebooks.all, cell),
      listen: listener => {
        notebooks.changed.connect(listener);
        settings?.changed.connect(listener);
        return () => {
          notebooks.changed.disconnect(listener);
          settings?.changed.disconnect(listener);
        };
      }
    };
    registry.addExtension({
      name: `${NAME}:underlines`,
      factory: ({ model }) => {
        return idOf(model) === ''
          ? null
          : EditorExtensionRegistry.createImmutableExtension(extension(model, source));
      }
    });
  }
};
