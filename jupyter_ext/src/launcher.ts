import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';

import { iconUrl, pipelineIcon } from './icon';
import { CATEGORY, CommandIDs, NAME } from './identity';
import { pythonOf } from './kernel/python';
import { template } from './template';

/** Adds "New pipeline notebook" to the launcher and the palette. */
export const launcher: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:launcher`,
  description: 'Makes a notebook that declares a pipeline and runs it on this machine.',
  autoStart: true,
  optional: [ILauncher, ICommandPalette, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    cards: ILauncher | null,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null
  ): void => {
    const command = CommandIDs.create;
    app.commands.addCommand(command, {
      label: args => (args.isPalette ? 'New Pipeline Notebook' : 'Pipeline Notebook'),
      caption: 'A new notebook that declares a pipeline and runs it on this machine',
      icon: pipelineIcon,
      execute: async args => {
        const { contents, kernelspecs } = app.serviceManager;
        await kernelspecs.ready;
        const name = pythonOf(kernelspecs.specs) ?? 'python3';
        const displayName = kernelspecs.specs?.kernelspecs[name]?.display_name ?? 'Python 3';
        const cwd = args.cwd;
        const path = typeof cwd === 'string' ? cwd : (browser?.model.path ?? '');
        const untitled = await contents.newUntitled({ path, type: 'notebook', ext: '.ipynb' });
        await contents.save(untitled.path, { type: 'notebook', format: 'json', content: template({ name, displayName }) });
        await app.commands.execute('docmanager:open', { path: untitled.path, factory: 'Notebook' });
      }
    });
    palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    // Cards of this category show a kernel's picture, which an address names, and no icon.
    cards?.add({ command, category: 'Notebook', rank: 50, kernelIconUrl: iconUrl });
  }
};
