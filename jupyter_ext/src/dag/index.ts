/** The renderer, for whoever brings it a host. */

export * from './model';
export { DagView } from './view';
