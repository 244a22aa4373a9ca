import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
/** Announces the extension in the status bar, as long as its setting says so. */
export declare const status: JupyterFrontEndPlugin<void>;
