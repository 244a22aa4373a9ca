import { LabIcon } from '@jupyterlab/ui-components';

/** Three steps and their order, in JupyterLab's own icon colour. */
const svgstr =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
  '<g class="jp-icon3" fill="#616161">' +
  '<rect x="2" y="4" width="8" height="6" rx="1.5"/><rect x="14" y="4" width="8" height="6" rx="1.5"/>' +
  '<rect x="14" y="15" width="8" height="6" rx="1.5"/>' +
  '<path d="M10 6.2h4v1.6h-4zM5.2 10h1.6v7.2H14v1.6H5.2z"/></g></svg>';

export const pipelineIcon = new LabIcon({ name: 'pipecell:pipeline', svgstr });
