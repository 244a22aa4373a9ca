/** What the panel says where there is nothing to show: calm, and with a way on. */

import { button, fill, html } from '../dom';
import type { NotebookPipelines } from '../notebook/pipelines';
import { Section } from './section';

export interface NoticeValue {
  readonly title: string;
  readonly text: string;
  /** Code that a button runs in the cell that has it, else in a new one; empty for none. */
  readonly code: string;
}

export class Notice extends Section<NoticeValue> {
  constructor(private readonly insert: (code: string) => void) {
    super('Notice');
  }

  protected draw(value: NoticeValue): void {
    fill(this.body, html('h2', 'pc-Head-title', {}, value.title), html('p', 'pc-Dim', {}, value.text));
    if (value.code) {
      const insert = button('pc-Button', 'Run in a cell', `Run in a cell: ${value.code}`, () => this.insert(value.code));
      this.body.append(html('pre', 'pc-Example', {}, value.code), insert);
    }
  }
}

/** What to say where no pipeline is. */
export function noticeOf(notebook: NotebookPipelines | null): NoticeValue {
  if (notebook === null) {
    return say('No notebook', 'Open a notebook that declares a pipeline: its steps, problems and executions show here.');
  }
  if (notebook.arriving) {
    return say('One moment', 'JupyterLab is connecting to the kernel of this notebook.');
  }
  if (!notebook.alive) {
    return say('No kernel', 'The kernel of this notebook does not run. Its pipelines show when it does.');
  }
  if (notebook.language) {
    const text = `The kernel of this notebook speaks ${notebook.language}. Pipelines are declared in Python.`;
    return say('No Python', text);
  }
  if (notebook.missing && notebook.link !== 'open') {
    const text = 'The kernel of this notebook has no pipecell. Install it where that kernel runs, then load it.';
    return say('Not installed', text, '%load_ext pipecell');
  }
  if (notebook.link === 'strange') {
    return say('Another version', 'The pipecell in this kernel and this extension do not fit. Magics work as ever.');
  }
  if (notebook.link === 'absent') {
    const text = 'This notebook has not loaded pipecell. Load it to see its pipelines here.';
    return say('Not loaded', text, '%load_ext pipecell');
  }
  if (notebook.link === 'opening') {
    return say('One moment', 'The kernel is being asked for its pipelines.');
  }
  return say('No pipeline yet', 'Run a cell that begins with %%pipeline NAME, and its steps show here.');
}

function say(title: string, text: string, code = ''): NoticeValue {
  return { title, text, code };
}
