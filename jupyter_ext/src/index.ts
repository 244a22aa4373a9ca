import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './about';
import { commands } from './commands';
import { completer } from './completer';
import { files } from './files/plugin';
import { launcher } from './launcher';
import { badges } from './notebook/badges';
import { highlight } from './notebook/highlight';
import { notebooks } from './notebook/notebooks';
import { toolbar } from './notebook/toolbar';
import { underlines } from './notebook/underlines';
import { output } from './output';
import { sidePanel } from './panel/plugin';
import { settings } from './settings';
import { status } from './status';

/** Every plugin of the extension, one feature each. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  settings,
  notebooks,
  sidePanel,
  badges,
  underlines,
  highlight,
  toolbar,
  commands,
  completer,
  files,
  output,
  launcher,
  about,
  status
];

export default plugins;
