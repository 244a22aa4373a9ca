/** A definition file as people want it: its DAG, and what the checks find beside it. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { DagView, type HostEvent, type HostRequest } from '../dag';
import { fill, html } from '../dom';
import { Checks } from './checks';
import { isDefinition, saysSo } from './definition';
import { Freshness } from './freshness';
import { type Asked, type DefinitionReader, type Folding, NoReaderError, type Reading, type Refolded } from './reader';

/** Milliseconds without a change after which the file is read again. */
const REST = 400;

/** What a viewer has others do. */
export interface ViewerActs {
  /** Open what is no definition as what it is. */
  notOurs(): void;
  /** When the file was written on disk last; null where it is gone. */
  written(): Promise<string | null>;
  /** Open the file's text, at a line. */
  openText(line: number): void;
}

/** Draws the text of one file, and draws it again when it is changed. */
export class DefinitionView extends Widget {
  constructor(
    private readonly context: DocumentRegistry.Context,
    private readonly reader: DefinitionReader,
    private readonly acts: ViewerActs
  ) {
    super({ node: html('div', 'pc-Viewer pc-colours', { role: 'region', 'aria-label': 'Pipeline definition' }) });
    this.freshness = new Freshness(context, {
      written: () => acts.written(),
      seen: () => this.isVisible,
      gone: gone => {
        this.gone = gone;
        this.note();
      }
    });
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
      this.context.pathChanged.disconnect(this.changed, this);
      this.freshness.dispose();
      this.drop();
      super.dispose();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.freshness.look();
  }

  private first(): void {
    if (saysSo(this.context.path) || isDefinition(this.context.model.toString())) {
      this.context.model.contentChanged.connect(this.changed, this);
      this.context.pathChanged.connect(this.changed, this);
      fill(this.node, this.calm(html('p', 'pc-Dim', { role: 'status' }, 'Reading the definition…')));
      void this.read();
    } else {
      this.acts.notOurs();
    }
  }

  private changed(): void {
    window.clearTimeout(this.resting);
    this.resting = window.setTimeout(() => void this.read(), REST);
  }

  private get asked(): Asked {
    const { model, localPath } = this.context;
    return { ...this.folding, text: model.toString(), path: localPath };
  }

  private async read(): Promise<void> {
    const turn = ++this.turn;
    try {
      const reading = await this.reader.ask('read', this.asked, {});
      if (turn === this.turn && !this.isDisposed) {
        this.draw(reading);
      }
    } catch (error) {
      if (turn === this.turn && !this.isDisposed) {
        const words = error instanceof NoReaderError ? error.message : 'The definition could not be read.';
        this.drop();
        fill(this.node, this.calm(html('p', '', {}, words), this.textButton()));
      }
    }
  }

  private draw(reading: Reading): void {
    this.checks.show(reading);
    // People who type leave the text broken for a moment: what they look at stays, as they placed it.
    this.main.inert = reading.dag === null && this.view !== null;
    this.note();
    if (reading.dag === null && this.view === null) {
      fill(this.main, this.calm(html('p', 'pc-Dim', {}, reading.trouble)));
    } else if (this.view === null) {
      this.view = new DagView({ live: true, ask: request => void this.answer(request), chose: () => undefined });
      fill(this.main, this.view.element);
    }
    if (this.main.parentElement !== this.node) {
      fill(this.node, this.main, this.checks.element);
    }
    if (reading.dag && this.view) {
      this.view.open(reading.dag);
      const node = this.view.choice.selection;
      if (node) {
        void this.answer({ type: 'open', node }); // it may be otherwise now
      }
    }
  }

  /** Say what else people should know of what they see. */
  private note(): void {
    const notes = [
      ...(this.gone ? ['The file is no longer on disk. This is what it held last.'] : []),
      ...(this.main.inert ? ['The drawing is of the text as it could be read last.'] : [])
    ];
    this.checks.say(notes.join(' '));
  }

  /** Answer what the drawing asks: of a file there is no execution, and so neither log nor act. */
  private async answer(request: HostRequest): Promise<void> {
    const { turn } = this;
    const tell = (event: HostEvent): void => {
      if (turn === this.turn) {
        this.view?.receive(event);
      }
    };
    try {
      if (request.type === 'open') {
        tell({ type: 'detail', detail: await this.reader.ask('open', this.asked, request) });
      } else if (request.type === 'toggle' || request.type === 'show' || request.type === 'fold') {
        const refolded: Refolded = await this.reader.ask(request.type, this.asked, request);
        if (refolded.scene && turn === this.turn) {
          this.folding = { folded: refolded.folded, opened: refolded.opened };
          tell({ type: 'scene', scene: refolded.scene, steps: [] });
        }
        if (request.type === 'show' && this.view?.choice.selection !== request.node) {
          await this.openText(request.node, '');
        }
      }
    } catch (error) {
      tell({ type: 'said', text: error instanceof Error ? error.message : String(error), bad: true });
    }
  }

  /** Show a problem's step in the drawing; where there is none, in the text. */
  private goTo(step: string, place: string): void {
    if (this.view) {
      this.view.show(step);
    } else {
      void this.openText(step, place);
    }
  }

  private async openText(step: string | null, place: string): Promise<void> {
    const { line } = await this.reader.ask('line', this.asked, { step, place }).catch(() => ({ line: 1 }));
    this.acts.openText(line);
  }

  private textButton(): HTMLElement {
    const button = html('button', 'pc-Button', { type: 'button' }, 'Open as text');
    button.addEventListener('click', () => this.acts.openText(1));
    return button;
  }

  private calm(...children: HTMLElement[]): HTMLElement {
    return html('div', 'pc-Viewer-calm', {}, ...children);
  }

  private drop(): void {
    this.view?.dispose();
    this.view = null;
  }

  private readonly main = html('div', 'pc-Viewer-main');
  private readonly checks = new Checks({
    node: (step, place) => this.goTo(step, place),
    text: (step, place) => void this.openText(step, place)
  });
  private readonly freshness: Freshness;
  private view: DagView | null = null;
  private gone = false;
  private folding: Folding = { folded: [], opened: [] };
  private resting = 0;
  private turn = 0;
}

/** The document's widget. */
export class DefinitionDocument extends DocumentWidget<DefinitionView> {}
