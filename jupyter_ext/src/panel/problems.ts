/** Every problem of the pipeline, errors first; a click goes to its cell. */

import { button, fill, html, sign } from '../dom';
import type { Problem } from '../kernel/protocol';
import { Section } from './section';

const SIGNS = { error: '✕', warning: '▲', info: '·' } as const;
const INKS = { error: 'fail', warning: 'stop', info: 'wait' } as const;

/** One problem as a row: sign, code, sentence, way out, and where it is. */
export function problemRow(problem: Problem, go: ((problem: Problem) => void) | null): HTMLElement {
  const where = html('span', 'pc-Problem-where', {}, html('code', 'pc-Code', {}, problem.code));
  const place = [problem.step ?? '', problem.path].filter(Boolean).join(' · ');
  if (place) {
    where.append(html('span', '', { title: place }, place));
  }
  const words = html('span', 'pc-Problem-words', {}, problem.message);
  if (problem.hint) {
    words.append(html('span', 'pc-Hint', {}, ` ${problem.hint}`));
  }
  const parts = [sign(SIGNS[problem.severity], problem.severity, INKS[problem.severity]), where, words];
  if (go === null) {
    return html('div', 'pc-Problem', {}, ...parts);
  }
  const says = `${problem.severity} ${problem.code}: ${problem.message} Go to its cell.`;
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
    const rows = problems.map(problem => problemRow(problem, problem.cell === null ? null : this.go));
    fill(this.body, ...(rows.length > 0 ? rows : [html('p', 'pc-Dim', {}, 'No problems found.')]));
  }
}
