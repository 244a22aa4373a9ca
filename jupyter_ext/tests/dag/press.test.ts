import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Press } from '../../src/dag/press';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function pressed(): { press: Press; drawn: string[]; draw: (what: string) => void } {
  const element = document.createElement('div');
  const press = new Press(element);
  const drawn: string[] = [];
  element.dispatchEvent(new Event('pointerdown'));
  return { press, drawn, draw: what => press.draw(() => drawn.push(what)) };
}

test('what nobody presses on is drawn at once', () => {
  const drawn: string[] = [];
  new Press(document.createElement('div')).draw(() => drawn.push('now'));
  expect(drawn).toEqual(['now']);
});

test.each(['pointerup', 'pointercancel'])('what people press on is drawn after %s and its click, in order', name => {
  const { drawn, draw } = pressed();
  draw('first');
  draw('second');
  window.dispatchEvent(new Event(name));
  expect(drawn).toEqual([]);
  vi.advanceTimersByTime(1);
  draw('third');
  expect(drawn).toEqual(['first', 'second', 'third']);
});

test('a press whose end nobody saw holds nothing back for ever', () => {
  const { drawn, draw } = pressed();
  draw('late');
  vi.advanceTimersByTime(2000);
  expect(drawn).toEqual(['late']);
});
