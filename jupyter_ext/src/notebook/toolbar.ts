import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { MessageLoop, type Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { isolated } from '../dag/isolated';
import { button, html, say } from '../dom';
import { CommandIDs, NAME } from '../identity';
import { PLACES } from '../kernel/words';
import { ProfileSwitch } from '../profiles';
import { INotebooks } from '../tokens';
import { running } from './acts';
import type { NotebookPipelines } from './pipelines';

/** The group of buttons in a notebook's toolbar; it shows while the notebook has a pipeline. */
class Controls extends Widget {
  constructor(
    private readonly notebooks: INotebooks,
    private readonly panel: NotebookPanel,
    private readonly execute: (command: string, args?: { profile: string }) => void
  ) {
    super({ node: html('div', 'pc-Toolbar pc-colours jp-Toolbar-item', { role: 'group', 'aria-label': 'Pipeline' }) });
    this.node.append(this.profiles.node, this.target, this.runButton, this.stopButton);
    notebooks.changed.connect(this.changed, this);
    notebooks.added.connect(this.changed, this);
    this.draw();
  }

  override dispose(): void {
    this.notebooks.changed.disconnect(this.changed, this);
    this.notebooks.added.disconnect(this.changed, this);
    // JupyterLab's toolbar keeps its elements when the notebook is closed: at least ours hold nothing then.
    this.node.replaceChildren();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.draw();
  }

  private changed(_: INotebooks, notebook: NotebookPipelines): void {
    if (notebook.panel === this.panel) {
      this.draw();
    }
  }

  private draw(): void {
    const notebook = this.notebooks.of(this.panel);
    const pipeline = notebook?.chosen ?? null;
    const hidden = notebook === undefined || pipeline === null;
    if (hidden !== this.isHidden) {
      this.setHidden(hidden);
      this.fitIn();
    }
    if (notebook === undefined || pipeline === null) {
      return;
    }
    this.profiles.show(pipeline);
    const place = PLACES[notebook.target];
    say(this.target, place);
    this.target.dataset.target = notebook.target;
    this.target.title = `AWS calls of this notebook go ${
      notebook.target === 'aws' ? 'to AWS' : 'to the local endpoint'
    }. Click to change.`;
    this.target.setAttribute('aria-label', `Target: ${place}. Change it.`);
    const busy = running(notebook, pipeline).length > 0;
    this.stopButton.disabled = !busy;
    const name = `${isolated(pipeline.name)}, ${isolated(pipeline.profile)}, ${place}`;
    this.runButton.title = `Run ${name}`;
    this.runButton.setAttribute('aria-label', `Run ${name}`);
  }

  /** JupyterLab 4.4's toolbar looks whether all has room in it only when its own size changes. */
  private fitIn(): void {
    const bar = this.parent;
    if (bar?.isVisible) {
      MessageLoop.postMessage(bar, new Widget.ResizeMessage(bar.node.offsetWidth, bar.node.offsetHeight));
    }
  }

  private readonly profiles = new ProfileSwitch(profile => this.execute(CommandIDs.profile, { profile }));
  private readonly target = button('pc-Target', '', '', () => this.execute(CommandIDs.target));
  private readonly runButton = button('pc-Run', '▶ Run', 'Run the pipeline', () => this.execute(CommandIDs.run));
  private readonly stopButton = button('pc-Stop', '■ Stop', 'Stop the running execution', () =>
    this.execute(CommandIDs.stop)
  );
}

/** Puts the pipeline's controls into the toolbar of notebooks. */
export const toolbar: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:toolbar`,
  description: 'Shows the profile, the target, Run and Stop in the toolbar of notebooks with a pipeline.',
  autoStart: true,
  requires: [INotebooks, IToolbarWidgetRegistry],
  activate: (app: JupyterFrontEnd, notebooks: INotebooks, registry: IToolbarWidgetRegistry): void => {
    registry.addFactory<NotebookPanel>(
      'Notebook',
      'pipecell',
      // A button acts on its own notebook, though another may be in front: not every browser focuses what is clicked.
      panel => new Controls(notebooks, panel, (id, args) => void app.commands.execute(id, { ...args, panel: panel.id }))
    );
  }
};
