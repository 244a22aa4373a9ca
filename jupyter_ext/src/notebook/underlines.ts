/** Problems in the text of cells: waved lines at the exact place, with their sentence on hover. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
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

import { html } from '../dom';
import { NAME } from '../identity';
import type { Problem } from '../kernel/protocol';
import { problemsOf } from '../kernel/state';
import { INotebooks, ISettings } from '../tokens';
import { placed, type Placed } from './places';

/** Which problems a cell has now, and when that may have changed. */
interface Source {
  problems(cell: string): readonly Problem[];
  listen(listener: () => void): () => void;
}

/** Draws the problems of one cell in one editor. */
class Underlines {
  decorations: DecorationSet = Decoration.none;
  marks: Placed[] = [];

  constructor(
    private readonly view: EditorView,
    private readonly cell: string,
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
    html('span', '', {}, ` ${problem.message} `),
    html('span', 'pc-Hint', {}, problem.hint)
  );
}

function extension(cell: string, source: Source): Extension {
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
        settings?.underlines === false ? [] : notebooks.all.flatMap(each => problemsOf(each.state, cell)),
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
        const id = (model as { id?: unknown }).id;
        return typeof id === 'string'
          ? EditorExtensionRegistry.createImmutableExtension(extension(id, source))
          : null;
      }
    });
  }
};
