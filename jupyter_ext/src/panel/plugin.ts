import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';

import { pipelineIcon } from '../icon';
import { NAME } from '../identity';
import { INotebooks, ISettings, ISidePanel } from '../tokens';
import { PipelinesPanel } from './panel';

/** Adds the side panel "Pipelines". */
export const sidePanel: JupyterFrontEndPlugin<ISidePanel> = {
  id: `${NAME}:panel`,
  description: 'The side panel "Pipelines": what the current notebook declares, and its executions.',
  autoStart: true,
  provides: ISidePanel,
  requires: [INotebooks],
  optional: [ISettings, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebooks,
    settings: ISettings | null,
    restorer: ILayoutRestorer | null
  ): ISidePanel => {
    const panel = new PipelinesPanel(notebooks, settings, app.commands);
    panel.title.icon = pipelineIcon;
    app.shell.add(panel, 'right', { rank: 350, type: 'Pipelines' });
    restorer?.add(panel, panel.id);
    return {
      show: (pipeline, step) => {
        app.shell.activateById(panel.id);
        panel.reveal(pipeline, step);
      }
    };
  }
};
