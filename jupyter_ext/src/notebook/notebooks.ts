import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { NAME } from '../identity';
import { INotebooks, ISettings } from '../tokens';
import { NotebookPipelines } from './pipelines';

/** Keeps the pipelines of each open notebook. */
class Notebooks implements INotebooks {
  constructor(
    private readonly tracker: INotebookTracker,
    private readonly settings: ISettings | null
  ) {
    tracker.forEach(panel => this.add(panel));
    tracker.widgetAdded.connect((_, panel) => this.add(panel));
    tracker.currentChanged.connect(() => this.currentChanged.emit(this.current));
    window.addEventListener('pagehide', event => {
      if (!event.persisted) {
        this.all.forEach(each => each.dispose()); // kernels live on: they must not keep talking to this page
      }
    });
  }

  readonly currentChanged: Signal<INotebooks, NotebookPipelines | null> = new Signal<INotebooks, NotebookPipelines | null>(this);
  readonly added: Signal<INotebooks, NotebookPipelines> = new Signal<INotebooks, NotebookPipelines>(this);
  readonly changed: Signal<INotebooks, NotebookPipelines> = new Signal<INotebooks, NotebookPipelines>(this);

  get current(): NotebookPipelines | null {
    const panel = this.tracker.currentWidget;
    return panel === null ? null : (this.known.get(panel) ?? null);
  }

  get all(): readonly NotebookPipelines[] {
    return [...this.known.values()];
  }

  of(panel: NotebookPanel): NotebookPipelines | undefined {
    return this.known.get(panel);
  }

  private add(panel: NotebookPanel): void {
    if (this.known.has(panel)) {
      return;
    }
    const pipelines = new NotebookPipelines(panel, this.settings);
    this.known.set(panel, pipelines);
    pipelines.changed.connect(() => this.changed.emit(pipelines));
    panel.disposed.connect(() => this.known.delete(panel));
    this.added.emit(pipelines);
    if (panel === this.tracker.currentWidget) {
      this.currentChanged.emit(pipelines);
    }
  }

  private readonly known = new Map<NotebookPanel, NotebookPipelines>();
}

/** Follows the open notebooks and their kernels. */
export const notebooks: JupyterFrontEndPlugin<INotebooks> = {
  id: `${NAME}:notebooks`,
  description: 'Follows the open notebooks, their kernels, and the pipelines that their cells declare.',
  autoStart: true,
  provides: INotebooks,
  requires: [INotebookTracker],
  optional: [ISettings],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker, settings: ISettings | null): INotebooks =>
    new Notebooks(tracker, settings)
};
