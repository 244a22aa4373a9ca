/** What the checks find in a file: a click on a problem goes to its step, one on its place to the text. */

import { isolated } from '../dag/isolated';
import { button, fill, html, plural } from '../dom';
import type { Problem } from '../kernel/protocol';
import { ENGINES, stepWord } from '../kernel/words';
import { problemSign, problemWhere, problemWords } from '../panel/problems';
import type { Reading } from './reader';

/** Where a problem leads to. */
export interface CheckActs {
  /** The step or state in the drawing. */
  node(step: string, place: string): void;
  /** The place in the text; `step` is null where it is in none. */
  text(step: string | null, place: string): void;
}

export class Checks {
  readonly element = html('aside', 'pc-Viewer-side', { 'aria-label': 'Checks' });

  private readonly notice = html('p', 'pc-Viewer-notice', { role: 'status' });

  constructor(private readonly acts: CheckActs) {}

  show(reading: Reading): void {
    const { problems } = reading;
    const text = button('pc-Link', 'Open as text', 'Open the text of this definition', () => this.acts.text(null, ''));
    fill(
      this.element,
      html('div', 'pc-Viewer-top', {}, html('h2', 'pc-Head-title', {}, 'Checks'), text),
      this.notice,
      html('p', 'pc-Dim', {}, [facts(reading), counts(problems)].filter(Boolean).join(' · ')),
      ...problems.map(problem => this.row(problem)),
      ...(problems.length === 0 ? [html('p', 'pc-Dim', {}, 'No problems found.')] : [])
    );
  }

  /** Say something about the whole file; nothing where there is nothing to say. */
  say(words: string): void {
    if (this.notice.textContent !== words) {
      this.notice.textContent = words;
    }
  }

  private row(problem: Problem): HTMLElement {
    const { step, path, code, message } = problem;
    const where = button('pc-Problem-where', '', `${code}: show its place in the text`, () => this.acts.text(step, path));
    where.append(...problemWhere(problem));
    const row = html('div', 'pc-Problem', {}, problemSign(problem), where);
    if (step === null) {
      row.append(html('span', 'pc-Problem-words', {}, ...problemWords(problem)));
    } else {
      const words = button('pc-Problem-words', '', `${isolated(message)} Go to ${isolated(step)}.`, () => this.acts.node(step, path));
      words.removeAttribute('title');
      words.append(...problemWords(problem));
      row.append(words);
    }
    return row;
  }
}

function facts(reading: Reading): string {
  const { engine, steps } = reading;
  return engine ? `${ENGINES[engine]} · ${plural(steps, stepWord(engine))}` : '';
}

/** `2 errors, 1 warning`; hints are not counted, since they are no faults. */
function counts(problems: readonly Problem[]): string {
  return (['error', 'warning'] as const)
    .map(severity => [problems.filter(problem => problem.severity === severity).length, severity] as const)
    .filter(([count]) => count > 0)
    .map(([count, severity]) => plural(count, severity))
    .join(', ');
}
