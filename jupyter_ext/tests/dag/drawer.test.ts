import { expect, test } from 'vitest';

import { Drawer } from '../../src/dag/drawer';
import type { Detail, SceneNode } from '../../src/dag/model';

const NODE = { id: 'a', name: 'A', type: 'Pass', summary: '', cell: null } as SceneNode;

function detail(more: Partial<Detail>): Detail {
  const nothing = { facts: [], failure: null, arguments: [], code: [], inputs: [], outputs: [], plots: [], payloads: [], attempts: [] };
  return { node: 'a', heading: '', ...nothing, again: null, logs: false, ...more };
}

test('tabs are those of what is known now, as many as there were before or not', () => {
  const nothing = (): undefined => undefined;
  const drawer = new Drawer({ ask: nothing, close: nothing, act: nothing, say: nothing });
  const tabs = (): (string | null)[] => [...drawer.element.querySelectorAll('[role=tab]')].map(tab => tab.textContent);
  drawer.open(NODE, null, true);
  drawer.receive({ type: 'detail', detail: detail({}) });
  expect(tabs()).toEqual(['Overview']);
  drawer.receive({ type: 'detail', detail: detail({ payloads: [{ label: 'Input', text: '{}' }] }) });
  expect(tabs()).toEqual(['State']);
});
