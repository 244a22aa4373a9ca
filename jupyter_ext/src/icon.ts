import { LabIcon } from '@jupyterlab/ui-components';

/** Three steps and their order, in JupyterLab's own icon colour. */
const drawn = (colour: string): string =>
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
  '<g class="jp-icon3" fill="' +
  colour +
  '">' +
  '<rect x="2" y="4" width="8" height="6" rx="1.5"/><rect x="14" y="4" width="8" height="6" rx="1.5"/>' +
  '<rect x="14" y="15" width="8" height="6" rx="1.5"/>' +
  '<path d="M10 6.2h4v1.6h-4zM5.2 10h1.6v7.2H14v1.6H5.2z"/></g></svg>';

export const pipelineIcon = new LabIcon({ name: 'pipecell:pipeline', svgstr: drawn('#616161') });

/** The icon as an address of itself, in a colour that light and dark grounds bear. */
export const iconUrl = `data:image/svg+xml,${encodeURIComponent(drawn('#3b82f6'))}`;
