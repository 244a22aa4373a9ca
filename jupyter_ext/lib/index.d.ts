import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
/** Every plugin of the extension, one feature each. */
declare const plugins: JupyterFrontEndPlugin<void>[];
export default plugins;
