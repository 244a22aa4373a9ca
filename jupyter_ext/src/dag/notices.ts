/** What is said beside the drawing: problems, how far something is, one line that passes, words for screen readers. */

import { button, html, say } from './dom';
import { isolated } from './isolated';
import type { Problem } from './model';

/** The sign of each severity of a problem, as Python's pictures and texts have it. */
export const SEVERITY_SIGNS = { error: '✕', warning: '▲', info: '·' } as const;
const GOOD_MS = 3000;
const BAD_MS = 9000;

export class Notices {
  constructor(private readonly go: (step: string) => void) {}

  readonly progress = html('div', 'pc-progress', { hidden: true, role: 'status' });
  readonly problems = html('ul', 'pc-problems', { hidden: true });
  readonly toast = html('div', 'pc-toast', { role: 'status', 'aria-live': 'polite' });
  readonly spoken = html('div', 'pc-spoken', { 'aria-live': 'polite' });

  /** Say one line for a while. */
  tell(text: string, bad: boolean): void {
    say(this.toast, text);
    this.toast.className = bad ? 'pc-toast pc-bad pc-shown' : 'pc-toast pc-shown';
    window.clearTimeout(this.fading);
    this.fading = window.setTimeout(() => this.toast.classList.remove('pc-shown'), bad ? BAD_MS : GOOD_MS);
  }

  /** Say something to those who do not see the drawing. */
  speak(text: string): void {
    say(this.spoken, text);
  }

  /** Show how far something is; at 1 the bar goes, null where nobody knows. */
  showProgress(what: string, share: number | null): void {
    this.progress.hidden = share !== null && share >= 1;
    const bar = html('span', share === null ? 'pc-indeterminate' : '');
    bar.style.width = share === null ? '' : `${Math.round(100 * share)}%`;
    this.progress.replaceChildren(html('span', '', {}, what), html('span', 'pc-meter', {}, bar));
  }

  /** List what checks found; a click on the words leads to the step, where it can be shown. */
  showProblems(problems: readonly Problem[], canShow: (step: string) => boolean): void {
    this.problems.hidden = problems.length === 0;
    this.problems.replaceChildren(
      ...problems.map(problem =>
        html(
          'li',
          `pc-problem pc-${problem.severity}`,
          {},
          html('span', 'pc-sign', { 'aria-label': problem.severity, role: 'img' }, SEVERITY_SIGNS[problem.severity]),
          html('code', '', {}, problem.code),
          this.words(problem, canShow)
        )
      )
    );
  }

  private words({ step, message, hint }: Problem, canShow: (step: string) => boolean): HTMLElement {
    const words = [
      `${step && !message.includes(step) ? `${isolated(step)}: ` : ''}${isolated(message)} `,
      html('span', 'pc-dim', {}, isolated(hint))
    ];
    if (step === null || !canShow(step)) {
      return html('span', '', {}, ...words);
    }
    const link = button('pc-problemwords', '', `Show ${isolated(step)}`, () => this.go(step));
    link.removeAttribute('aria-label'); // its words are its name
    link.append(...words);
    return link;
  }

  /** Let nothing pass later. */
  dispose(): void {
    window.clearTimeout(this.fading);
  }

  private fading = 0;
}
