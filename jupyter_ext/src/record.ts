/** What an output keeps for the time when its kernel is gone, and what is none, whoever wrote it. */

import type { Scene, ViewDocument } from './dag';

const VERSION = 1;

/** The record of an output. */
export interface Record {
  readonly version: number;
  readonly model_id: string;
  readonly document: ViewDocument;
}

/** Return what is a record of this version, whoever wrote it; null for anything else. */
export function recordOf(data: unknown): Record | null {
  const found = (isObject(data) ? data : {}) as { [name in keyof Record]?: unknown };
  const whole = typeof found.model_id === 'string' && isObject(found.document) && isDrawable(found.document);
  return found.version === VERSION && whole ? (found as unknown as Record) : null;
}

/** Whether all is there that is drawn again later, when nobody is there any more to catch what is thrown. */
function isDrawable(document: object): boolean {
  if ('view' in document) {
    return true; // a list of executions, which is drawn at once
  }
  const { scene } = document as { scene?: unknown };
  if (!isObject(scene)) {
    return false;
  }
  const { nodes, wires, groups } = scene as { [name in keyof Scene]?: unknown };
  return [nodes, wires, groups].every(list => Array.isArray(list) && list.every(isObject));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
