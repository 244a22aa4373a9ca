import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

import { CATEGORY, CommandIDs, NAME, VERSION } from './identity';

const SENTENCES = [
  'pipecell turns notebook cells into AWS machine-learning pipelines, on AWS or on this machine.',
  'Begin with %load_ext pipecell, then declare steps in a cell that starts with %%pipeline NAME.',
  '%pipeline --help lists what can be done with a pipeline.'
];

/** The dialog's body: a few sentences, as text and never as markup. */
function createBody(): Widget {
  const node = document.createElement('div');
  node.className = 'pc-About';
  for (const sentence of SENTENCES) {
    const paragraph = document.createElement('p');
    paragraph.textContent = sentence;
    node.appendChild(paragraph);
  }
  return new Widget({ node });
}

/** Adds the command "About pipecell", to the palette too where there is one. */
export const about: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:about`,
  description: 'Says what pipecell is and which version is installed.',
  autoStart: true,
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null): void => {
    app.commands.addCommand(CommandIDs.about, {
      label: 'About pipecell',
      caption: 'What pipecell is and which version is installed',
      execute: () =>
        showDialog({
          title: `pipecell ${VERSION}`,
          body: createBody(),
          buttons: [Dialog.okButton({ label: 'Close' })]
        })
    });
    palette?.addItem({ command: CommandIDs.about, category: CATEGORY });
  }
};
