import { describe, expect, test } from 'vitest';

import { isolated } from '../../src/dag/isolated';
import { Notices } from '../../src/dag/notices';
import { Checks } from '../../src/files/checks';
import { problemRow } from '../../src/panel/problems';
import { ChosenStep } from '../../src/panel/step';
import { problem } from '../samples';

const OVERRIDE = '\u202e';
const NAME = `Step${OVERRIDE}evil`;
const FOUND = problem({ step: NAME, path: `a${OVERRIDE}b`, message: `"${NAME}" is wrong.`, hint: `Rename ${NAME}.` });

/** All that an element says, the titles and names of what is in it included. */
function said(element: HTMLElement): string {
  const titles = [...element.querySelectorAll('*')].flatMap(each => [each.getAttribute('title'), each.getAttribute('aria-label')]);
  return [element.textContent, element.getAttribute('title'), element.getAttribute('aria-label'), ...titles].join('\n');
}

test('what runs from left to right stays as it is', () => {
  expect(isolated('Train-1 → <b>')).toBe('Train-1 → <b>');
});

test('a name of right-to-left letters stands by itself', () => {
  expect(`Go to ${isolated('שלב')}.`).toBe('Go to \u2068שלב\u2069.');
});

test('what would end the isolation early is left out', () => {
  expect(isolated(`a\u2069\u202c${OVERRIDE}b`)).toBe('ab');
});

describe('a name reverses nothing around it', () => {
  test('in the side panel', () => {
    expect(said(problemRow(FOUND, () => undefined))).not.toContain(OVERRIDE);
  });

  test('beside a file', () => {
    const checks = new Checks({ node: () => undefined, text: () => undefined });
    checks.show({ name: 'm', engine: 'stepfunctions', steps: 1, dag: null, problems: [FOUND], trouble: '' });
    expect(said(checks.element)).toContain('Go to Stepevil.');
    expect(said(checks.element)).not.toContain(OVERRIDE);
  });

  test('below the drawing', () => {
    const notices = new Notices(() => undefined);
    notices.showProblems([FOUND], () => true);
    expect(said(notices.problems)).toContain('Show Stepevil');
    expect(said(notices.problems)).not.toContain(OVERRIDE);
  });

  test('of a chosen step, whose log is still asked for by its own name', () => {
    const asked: string[] = [];
    const step = new ChosenStep({ cell: () => undefined, log: name => asked.push(name) });
    step.show({ name: NAME, type: 'Pass', kind: 'pass', cell: 'c', state: null, stale: '', log: true });
    expect(said(step.element)).not.toContain(OVERRIDE);
    [...step.element.querySelectorAll('button')].at(-1)?.click();
    expect(asked).toEqual([NAME]);
  });
});
