import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './about';
import { output } from './output';
import { status } from './status';

/** Every plugin of the extension, one feature each. */
const plugins: JupyterFrontEndPlugin<void>[] = [about, status, output];

export default plugins;
