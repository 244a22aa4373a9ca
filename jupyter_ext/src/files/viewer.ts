/** A definition file as people want it: its DAG, and what the checks find beside it. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';

import { DagView, type Host } from '../dag';
import { fill, html, plural } from '../dom';
import { problemRow } from '../panel/problems';
import { isDefinition, saysSo } from './definition';
import { type DefinitionReader, NoReaderError, type Reading } from './reader';

/** Milliseconds without a change after which the file is read again. */
const REST = 400;

/** Nobody answers: a file has no kernel of its own. */
const NOBODY: Host = { live: false, ask: () => undefined, chose: () => undefined };

/** Draws the text of one file, and draws it again when it is changed. */
export class DefinitionView extends Widget {
  constructor(
    private readonly context: DocumentRegistry.Context,
    private readonly reader: DefinitionReader,
    private readonly notOurs: () => void
  ) {
    super({ node: html('div', 'pc-Viewer pc-colours', { role: 'region', 'aria-label': 'Pipeline definition' }) });
    void context.ready.then(() => {
      if (!this.isDisposed) {
        this.first();
      }
    });
  }

  override dispose(): void {
    if (!this.isDisposed) {
      window.clearTimeout(this.resting);
      this.context.model.contentChanged.disconnect(this.changed, this);
      this.view?.dispose();
      super.dispose();
    }
  }

  private first(): void {
    if (saysSo(this.context.path) || isDefinition(this.context.model.toString())) {
      this.context.model.contentChanged.connect(this.changed, this);
      void this.read();
    } else {
      this.notOurs();
    }
  }

  private changed(): void {
    window.clearTimeout(this.resting);
    this.resting = window.setTimeout(() => void this.read(), REST);
  }

  private async read(): Promise<void> {
    const turn = ++this.turn;
    if (this.view === null) {
      fill(this.node, html('p', 'pc-Viewer-calm pc-Dim', { role: 'status' }, 'Reading the definition…'));
    }
    try {
      const reading = await this.reader.read(this.context.model.toString(), this.context.path);
      if (turn === this.turn && !this.isDisposed) {
        this.draw(reading);
      }
    } catch (error) {
      if (turn === this.turn && !this.isDisposed) {
        const words = error instanceof NoReaderError ? error.message : 'The definition could not be read.';
        this.drop();
        fill(
          this.node,
          html('div', 'pc-Viewer-calm', {}, html('p', '', {}, words), html('p', 'pc-Dim', {}, 'Open With shows it as JSON or as text.'))
        );
      }
    }
  }

  private draw(reading: Reading): void {
    const side = html('aside', 'pc-Viewer-side', { 'aria-label': 'Checks' });
    side.append(
      html('h2', 'pc-Head-title', {}, reading.name || this.context.localPath),
      html('p', 'pc-Dim', {}, facts(reading)),
      ...reading.problems.map(problem => problemRow(problem, null)),
      ...(reading.problems.length === 0 ? [html('p', 'pc-Dim', {}, 'No problems found.')] : [])
    );
    const main = html('div', 'pc-Viewer-main');
    if (reading.dag) {
      this.view ??= new DagView(NOBODY);
      main.append(this.view.element);
    } else {
      this.drop();
      main.append(html('p', 'pc-Viewer-calm pc-Dim', {}, reading.trouble || 'It cannot be drawn.'));
    }
    fill(this.node, main, side);
    if (reading.dag) {
      this.view?.open(reading.dag);
    }
  }

  private drop(): void {
    this.view?.dispose();
    this.view = null;
  }

  private view: DagView | null = null;
  private resting = 0;
  private turn = 0;
}

function facts(reading: Reading): string {
  const engine = reading.engine === 'stepfunctions' ? 'Step Functions' : 'SageMaker Pipelines';
  const word = reading.engine === 'stepfunctions' ? 'state' : 'step';
  return reading.engine ? `${engine} · ${plural(reading.steps, word)}` : '';
}

/** The document's widget. */
export class DefinitionDocument extends DocumentWidget<DefinitionView> {}
