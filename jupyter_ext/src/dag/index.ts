/** The renderer, for whoever brings it a host. */

import { ExecutionsView } from './executions';
import type { Host, View, ViewDocument } from './model';
import { DagView } from './view';

export * from './model';
export { SEVERITY_SIGNS } from './notices';
export { DagView, ExecutionsView };

/** Make the view that a document asks for, and show it. */
export function createView(host: Host, document: ViewDocument): View {
  const view = 'view' in document ? new ExecutionsView(host) : new DagView(host);
  view.receive({ type: 'document', document });
  return view;
}
