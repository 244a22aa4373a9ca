/** Every problem of the pipeline, errors first, what could only be better behind a word; a click goes to its cell and shows its step. */

import { SEVERITY_SIGNS } from '../dag';
import { isolated } from '../dag/isolated';
import { button, fill, html, plural, sign } from '../dom';
import type { Problem } from '../kernel/protocol';
import { Section } from './section';

const INKS = { error: 'fail', warning: 'stop', info: 'wait' } as const;

/** How bad it is. */
export function problemSign(problem: Problem): HTMLElement {
  return sign(SEVERITY_SIGNS[problem.severity], problem.severity, INKS[problem.severity]);
}

/** Its code, and the step and the place in it. */
export function problemWhere(problem: Problem): HTMLElement[] {
  const code = html('code', 'pc-Code', {}, problem.code);
  const place = [problem.step ?? '', problem.path].filter(Boolean).map(isolated).join(' · ');
  return place ? [code, html('span', '', { title: place }, place)] : [code];
}

/** What is wrong, and the way out. */
export function problemWords(problem: Problem): (string | HTMLElement)[] {
  const [message, hint] = [isolated(problem.message), isolated(problem.hint)];
  return hint ? [message, html('span', 'pc-Hint', {}, ` ${hint}`)] : [message];
}

/** One problem as a row: sign, code, sentence, way out, and where it is. */
export function problemRow(problem: Problem, go: ((problem: Problem) => void) | null): HTMLElement {
  const where = html('span', 'pc-Problem-where', {}, ...problemWhere(problem));
  const words = html('span', 'pc-Problem-words', {}, ...problemWords(problem));
  const parts = [problemSign(problem), where, words];
  if (go === null) {
    return html('div', 'pc-Problem', {}, ...parts);
  }
  const leads = problem.cell === null ? 'Show its step.' : 'Go to its cell.';
  const says = `${problem.severity} ${problem.code}: ${isolated(problem.message)} ${leads}`;
  const element = button('pc-Problem', '', says, () => go(problem));
  element.removeAttribute('title');
  element.replaceChildren(...parts);
  return element;
}

export class Problems extends Section<readonly Problem[]> {
  constructor(private readonly go: (problem: Problem) => void) {
    super('Problems', 'Problems');
  }

  protected draw(problems: readonly Problem[]): void {
    const row = (problem: Problem): HTMLElement => problemRow(problem, problem.cell ?? problem.step ? this.go : null);
    const hints = problems.filter(problem => problem.severity === 'info');
    const rows = problems.filter(problem => problem.severity !== 'info').map(row);
    fill(this.body, ...(rows.length > 0 ? rows : [html('p', 'pc-Dim', {}, 'No problems found.')]));
    if (hints.length > 0) {
      const summary = html('summary', 'pc-Hints-title', { 'data-key': 'hints' }, plural(hints.length, 'hint'));
      const details = html('details', 'pc-Hints', { open: this.open }, summary, ...hints.map(row));
      details.addEventListener('toggle', () => (this.open = details.open));
      this.body.append(details);
    }
  }

  /** Whether people look at what could be better. */
  private open = false;
}
