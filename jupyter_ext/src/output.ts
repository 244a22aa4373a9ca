import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { PanelLayout, Widget } from '@lumino/widgets';

import { createView, type DagDocument, type Host, type HostRequest, type View, type ViewDocument } from './dag';
import { NAME } from './identity';
import { recordOf, type Record } from './record';

/** What pipecell's outputs carry beside a picture and text; Python writes it in `live/stage.py`. */
export const MIME = 'application/vnd.pipecell.view+json';

const WIDGET_MIME = 'application/vnd.jupyter.widget-view+json';
const WIDGET_TARGET = 'jupyter.widget';

/** What a kernel's status says when its memory is gone. */
const GONE: readonly string[] = ['dead', 'terminating', 'unknown', 'restarting', 'autorestarting'];

/**
 * Shows one output: the live widget while the kernel that made it lives, else what was recorded.
 *
 * The notebook never stores the widget itself, so there is no model to be missed when it is opened
 * again: the recorded document is drawn by the same renderer, and can be watched again.
 */
class ViewRenderer extends Widget implements IRenderMime.IRenderer {
  private view: View | null = null;
  private record: Record | null = null;
  private model: IRenderMime.IMimeModel | null = null;
  /** Whether what is drawn is live; null before anything is drawn. */
  private live: boolean | null = null;
  private shown = '';
  private readonly kernelChanged = (): void => void this.look();
  private readonly statusChanged = (): void => {
    if (GONE.includes(this.session.kernelDisplayStatus)) {
      void this.look();
    }
  };

  constructor(
    private readonly rendermime: IRenderMimeRegistry,
    private readonly session: ISessionContext
  ) {
    super();
    this.layout = new PanelLayout();
    this.addClass('pc-Output');
    session.kernelChanged.connect(this.kernelChanged);
    session.statusChanged.connect(this.statusChanged);
  }

  override dispose(): void {
    this.session.kernelChanged.disconnect(this.kernelChanged);
    this.session.statusChanged.disconnect(this.statusChanged);
    this.view?.dispose();
    this.view = null;
    super.dispose();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const record = recordOf(model.data[MIME]);
    this.model = model;
    if (record === null) {
      await this.drawPicture(model);
      return;
    }
    const same = this.record?.model_id === record.model_id;
    this.record = record;
    if (!same || this.live === null) {
      await this.look();
    } else if (!this.live) {
      await this.drawRecord(record.document);
    }
  }

  /** Draw what is right now: live while the widget's model is in the kernel. */
  private async look(): Promise<void> {
    const { record } = this;
    if (record === null) {
      return;
    }
    const live = await this.isLive(record.model_id);
    if (this.isDisposed || record !== this.record || (live === this.live && this.shown === record.model_id)) {
      return;
    }
    this.live = live;
    this.shown = record.model_id;
    if (live) {
      await this.drawWidget(record.model_id);
    } else {
      await this.drawRecord(record.document);
    }
  }

  private async isLive(modelId: string): Promise<boolean> {
    const kernel = this.session.session?.kernel;
    if (!kernel || GONE.includes(kernel.status)) {
      return false;
    }
    try {
      // A kernel that is busy with a cell answers this on its control channel's sibling only later, but
      // a model that this page has met is known here already.
      if (kernel.hasComm(modelId)) {
        return true;
      }
      const reply = await kernel.requestCommInfo({ target_name: WIDGET_TARGET });
      return reply.content.status === 'ok' && modelId in reply.content.comms;
    } catch {
      return false; // the kernel went away while it was asked
    }
  }

  private async drawWidget(modelId: string): Promise<void> {
    const renderer = this.rendermime.createRenderer(WIDGET_MIME);
    this.fill(renderer);
    await renderer.renderModel(this.rendermime.createModel({ data: { [WIDGET_MIME]: { version_major: 2, version_minor: 0, model_id: modelId } } }));
  }

  /** Draw a record; one that a stranger forged may be no document at all, and then the picture is shown. */
  private async drawRecord(document: ViewDocument): Promise<void> {
    const host: Host = {
      live: false,
      ask: request => this.ask(request, document),
      chose: () => undefined
    };
    let view: View;
    try {
      view = createView(host, document);
    } catch {
      await (this.model && this.drawPicture(this.model));
      return;
    }
    const holder = new Widget();
    holder.node.append(view.element);
    this.fill(holder);
    this.view = view;
  }

  private async drawPicture(model: IRenderMime.IMimeModel): Promise<void> {
    // Of a notebook that people do not trust, only the text is shown.
    const kinds = model.trusted ? ['text/html', 'image/svg+xml', 'text/plain'] : ['text/plain'];
    const mime = kinds.find(name => model.data[name] !== undefined);
    if (mime) {
      const renderer = this.rendermime.createRenderer(mime);
      this.fill(renderer);
      await renderer.renderModel(model);
    }
  }

  private fill(widget: Widget): void {
    const layout = this.layout as PanelLayout;
    this.view?.dispose();
    this.view = null;
    [...layout.widgets].forEach(old => old.dispose());
    layout.addWidget(widget);
  }

  /** Without its kernel, an output can be attached to its execution again, by whichever kernel there is now. */
  private ask(request: HostRequest, document: ViewDocument): void {
    const kernel = this.session.session?.kernel;
    if (request.type === 'act' && request.action === 'watch' && 'execution' in document) {
      if (!kernel) {
        this.view?.receive({ type: 'said', text: 'Start a kernel first.', bad: true });
        return;
      }
      void this.attach(document);
    }
  }

  private async attach(document: Pick<DagDocument, 'execution' | 'target'>): Promise<void> {
    const kernel = this.session.session?.kernel;
    if (!kernel) {
      return;
    }
    const future = kernel.requestExecute({
      code: attachCode(document),
      silent: false,
      store_history: false,
      stop_on_error: false
    });
    future.onIOPub = message => {
      if (message.header.msg_type === 'error') {
        const { ename, evalue } = message.content as { ename: string; evalue: string };
        this.view?.receive({ type: 'said', text: evalue || ename, bad: true });
      } else if (message.header.msg_type === 'display_data') {
        const { data } = message.content as { data: { [MIME]?: unknown } };
        const record = recordOf(data[MIME]);
        if (record) {
          this.record = record;
          void this.look();
        }
      }
    };
    await future.done;
  }
}

/** The Python that shows an execution again; the ARN is a literal, whatever is in it. */
export function attachCode(document: Pick<DagDocument, 'execution' | 'target'>): string {
  const arn = JSON.stringify(document.execution);
  const on = document.target === 'aws' ? 'aws' : 'local';
  return `import pipecell.frontend.attach as _pipecell_attach; _pipecell_attach.attach(${arn}, ${JSON.stringify(on)})`;
}

/** Draws pipecell's outputs in notebooks. */
export const output: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:output`,
  description: 'Draws pipelines and runs in notebooks: live, and from the record when their kernel is gone.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker): void => {
    const add = (panel: NotebookPanel): void => {
      const { rendermime } = panel.content;
      rendermime.addFactory(
        {
          safe: true,
          mimeTypes: [MIME],
          defaultRank: -10,
          createRenderer: () => new ViewRenderer(rendermime, panel.sessionContext)
        },
        -10
      );
      // JupyterLab keeps the registries of closed notebooks: ours must not keep the notebook with them.
      panel.disposed.connect(() => rendermime.removeMimeType(MIME));
    };
    tracker.widgetAdded.connect((_sender, panel) => add(panel));
    tracker.forEach(add);
  }
};
