/** The renderer as an anywidget: the model's traits and messages are its host. */

import { createView } from './index';
import type { Choice, Host, HostEvent, HostRequest, ViewDocument } from './model';

/** What is used of anywidget's model. */
interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: string, callback: (value: never) => void): void;
  off(event: string, callback: (value: never) => void): void;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const host: Host = {
    live: true,
    ask: (request: HostRequest) => model.send(request),
    chose: (choice: Choice) => {
      if (model.get('selection') !== choice.selection || model.get('filter') !== choice.filter) {
        model.set('selection', choice.selection);
        model.set('filter', choice.filter);
        model.save_changes();
      }
    }
  };
  const view = createView(host, model.get('document') as ViewDocument);
  const receive = (event: HostEvent): void => view.receive(event);
  const reopen = (): void => view.receive({ type: 'document', document: model.get('document') as ViewDocument });
  const select = (): void => view.select(String(model.get('selection')));
  const filter = (): void => view.filter(String(model.get('filter')));
  const listeners: [string, (value: never) => void][] = [
    ['msg:custom', receive],
    ['change:document', reopen],
    ['change:selection', select],
    ['change:filter', filter]
  ];
  listeners.forEach(([event, callback]) => model.on(event, callback));
  el.append(view.element);
  if (model.get('selection')) {
    select();
  }
  if (model.get('filter')) {
    filter();
  }
  host.ask({ type: 'hello' });
  return () => {
    listeners.forEach(([event, callback]) => model.off(event, callback));
    view.dispose();
  };
}

export default { render };
