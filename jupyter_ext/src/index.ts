import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './about';
import { status } from './status';

/** Every plugin of the extension, one feature each. */
const plugins: JupyterFrontEndPlugin<void>[] = [about, status];

export default plugins;
