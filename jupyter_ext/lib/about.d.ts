import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
/** Adds the command "pipecell: About", to the palette too where there is one. */
export declare const about: JupyterFrontEndPlugin<void>;
