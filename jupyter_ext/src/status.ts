import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import type { IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

import { CommandIDs, NAME, VERSION } from './identity';

const PLUGIN_ID = `${NAME}:status`;

/** The item in the status bar: a button that opens the About dialog. */
function createItem(app: JupyterFrontEnd): Widget {
  const node = document.createElement('button');
  node.type = 'button';
  node.className = 'jp-StatusBar-TextItem jp-mod-minimal pc-Status';
  node.textContent = `pipecell ${VERSION}`;
  node.title = 'About pipecell';
  node.addEventListener('click', () => void app.commands.execute(CommandIDs.about));
  return new Widget({ node });
}

/** Announces the extension in the status bar, as long as its setting says so. */
export const status: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Shows in the status bar that pipecell is installed.',
  autoStart: true,
  requires: [IStatusBar],
  optional: [ISettingRegistry],
  activate: async (
    app: JupyterFrontEnd,
    statusBar: IStatusBar,
    registry: ISettingRegistry | null
  ): Promise<void> => {
    let shown: IDisposable | null = null;
    const show = (wanted: boolean): void => {
      if (wanted && shown === null) {
        shown = statusBar.registerStatusItem(PLUGIN_ID, {
          item: createItem(app),
          align: 'right',
          rank: 100
        });
      } else if (!wanted) {
        shown?.dispose();
        shown = null;
      }
    };
    if (registry === null) {
      show(true);
      return;
    }
    const settings = await registry.load(PLUGIN_ID);
    const update = (): void => show(settings.get('showStatus').composite !== false);
    settings.changed.connect(update);
    update();
  }
};
