import { describe, expect, test, vi } from 'vitest';

import { ExecutionList } from '../../src/panel/executions';
import { LogView } from '../../src/panel/log';
import { Parameters } from '../../src/panel/parameters';
import { Problems } from '../../src/panel/problems';
import { ProgressBar } from '../../src/panel/progress';
import { problem, row } from '../samples';

const HOSTILE = '<img src=x onerror="window.hurt = 1"><script>window.hurt = 1</script>';

const ACTS = { attach: () => undefined, stop: () => undefined, retry: () => undefined, list: () => undefined };

describe('text is text', () => {
  test('in problems', () => {
    const problems = new Problems(() => undefined);
    problems.show([problem({ message: HOSTILE, hint: HOSTILE, step: HOSTILE, path: HOSTILE, code: HOSTILE })]);
    expect(problems.element.querySelector('img, script')).toBeNull();
    expect(problems.element.textContent).toContain(HOSTILE);
  });

  test('in executions', () => {
    const list = new ExecutionList(ACTS);
    const rows = [row('a', { reason: HOSTILE, status: HOSTILE, profile: HOSTILE })];
    list.show({ rows, trouble: HOSTILE, shown: '', aws: false, now: 200 });
    expect(list.element.querySelector('img, script')).toBeNull();
    expect(list.element.textContent).toContain(HOSTILE);
  });

  test('in parameters', () => {
    const parameters = new Parameters();
    parameters.show({ profile: 'smoke', profiles: { full: { [HOSTILE]: 1 }, smoke: { [HOSTILE]: HOSTILE } } });
    expect(parameters.element.querySelector('img, script')).toBeNull();
  });

  test('in logs', () => {
    const log = new LogView();
    log.element.scrollIntoView = () => undefined;
    log.open('Train', 's', () => undefined);
    log.take({ type: 'log', stream: 's', lines: [HOSTILE], first: true, over: false });
    expect(log.element.querySelector('img, script')).toBeNull();
    expect(log.element.textContent).toContain(HOSTILE);
  });
});

test('what is not shown holds nothing, and is drawn again when it is', () => {
  const list = new ExecutionList(ACTS);
  const value = { rows: [row('a')], trouble: '', shown: '', aws: false, now: 200 };
  const rows = (): number => list.element.querySelectorAll('.pc-Row').length;
  list.show(value);
  list.show(null);
  expect([list.element.hidden, rows()]).toEqual([true, 0]);
  list.show(value);
  expect([list.element.hidden, rows()]).toEqual([false, 1]);
});

describe('problems', () => {
  test('what could only be better is behind a word, and stays open once it was opened', () => {
    const problems = new Problems(() => undefined);
    problems.show([problem({ severity: 'info' }), problem({ severity: 'info' })]);
    expect(problems.element.textContent).toContain('No problems found.');
    const hints = (): HTMLDetailsElement | null => problems.element.querySelector('details');
    expect([hints()?.querySelector('summary')?.textContent, hints()?.open]).toEqual(['2 hints', false]);
    hints()?.setAttribute('open', '');
    hints()?.dispatchEvent(new Event('toggle'));
    problems.show([problem(), problem({ severity: 'info' })]);
    expect([hints()?.querySelector('summary')?.textContent, hints()?.open]).toEqual(['1 hint', true]);
    expect(problems.element.textContent).not.toContain('No problems found.');
  });
});

describe('executions', () => {
  test('a running one can be stopped, a failed one gone on with', () => {
    const list = new ExecutionList(ACTS);
    const rows = [row('a'), row('b', { running: false, status: 'Failed' }), row('c', { running: false, status: 'Succeeded' })];
    list.show({ rows, trouble: '', shown: 'a', aws: false, now: 160 });
    const buttons = [...list.element.querySelectorAll('li')].map(item => item.querySelector('.pc-Link')?.textContent);
    expect(buttons).toEqual(['Stop', 'Retry', undefined]);
    expect(list.element.querySelector('[aria-current]')?.textContent).toContain('1:00');
  });
});

describe('the focus', () => {
  function shown(...rows: ReturnType<typeof row>[]): ExecutionList {
    const list = new ExecutionList(ACTS);
    document.body.replaceChildren(list.element);
    list.show({ rows, trouble: '', shown: '', aws: false, now: 160 });
    return list;
  }

  function focused(): string | undefined {
    return document.activeElement?.closest('li')?.textContent ?? undefined;
  }

  test('stays on a button that is drawn again', () => {
    const rows = [row('a', { status: 'Executing' }), row('b', { status: 'Stopping' })];
    const list = shown(...rows);
    list.element.querySelectorAll<HTMLElement>('li .pc-Link')[1]?.focus();
    list.show({ rows, trouble: '', shown: '', aws: false, now: 161 });
    expect(document.activeElement?.textContent).toBe('Stop');
    expect(focused()).toContain('Stopping');
  });

  test('goes to what can be used when its button is gone', () => {
    const list = shown(row('a'));
    list.element.querySelector<HTMLElement>('li .pc-Link')?.focus();
    list.show({ rows: [row('a', { running: false })], trouble: '', shown: '', aws: false, now: 161 });
    expect(document.activeElement?.className).toBe('pc-Row-show');
  });

  test('is not taken from elsewhere', () => {
    const rows = [row('a')];
    const list = shown(...rows);
    list.show({ rows, trouble: '', shown: '', aws: false, now: 161 });
    expect(document.activeElement).toBe(document.body);
  });
});

test('a button that people press is not drawn anew before its click', () => {
  vi.useFakeTimers();
  const stopped: string[] = [];
  const list = new ExecutionList({ ...ACTS, stop: each => stopped.push(each.arn) });
  const show = (now: number): void => list.show({ rows: [row('a')], trouble: '', shown: '', aws: false, now });
  show(160);
  const button = list.element.querySelector<HTMLElement>('li .pc-Link');
  button?.dispatchEvent(new Event('pointerdown', { bubbles: true }));
  show(161);
  expect(button?.closest('section')).toBe(list.element);
  window.dispatchEvent(new Event('pointerup'));
  button?.click();
  vi.advanceTimersByTime(1);
  expect(list.element.textContent).toContain('1:01');
  expect(stopped).toEqual(['a']);
  vi.useRealTimers();
});

test('lines of another log are not taken', () => {
  const log = new LogView();
  log.element.scrollIntoView = () => undefined;
  log.open('Train', 's', () => undefined);
  log.take({ type: 'log', stream: 'other', lines: ['no'], first: true, over: true });
  expect(log.element.textContent).not.toContain('no\n');
});

test('a bar shows what the kernel tells of the pipeline that is shown, until it is over', () => {
  const bar = new ProgressBar();
  bar.take({ type: 'progress', pipeline: 'Other', what: 'Uploading', share: 0.5 }, 'Census');
  expect(bar.element.hidden).toBe(true);
  bar.take({ type: 'progress', pipeline: 'Census', what: HOSTILE, share: 0.5 }, 'Census');
  expect(bar.element.hidden).toBe(false);
  expect(bar.element.querySelector('img, script')).toBeNull();
  expect(bar.element.querySelector('progress')?.value).toBe(0.5);
  bar.take({ type: 'progress', pipeline: 'Census', what: '', share: 1 }, 'Census');
  expect(bar.element.hidden).toBe(true);
});

test('each log is ended where it came from, once', () => {
  const ended: string[] = [];
  const log = new LogView();
  log.element.scrollIntoView = () => undefined;
  log.open('Train', 's', () => ended.push('first'));
  log.open('Train', 't', () => ended.push('second'));
  expect(ended).toEqual(['first']);
  log.close();
  log.close();
  expect(ended).toEqual(['first', 'second']);
});
