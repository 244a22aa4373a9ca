import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';

import { button, fill, html, say, sign } from '../dom';
import { NAME } from '../identity';
import { INotebooks, ISettings, ISidePanel } from '../tokens';
import { badges as badgesOf, counted, sentence, severity, type Badge } from './badge';
import type { NotebookPipelines } from './pipelines';

/** The badges of one notebook: one button in the corner of each declaring cell. */
export class Badges {
  constructor(
    private readonly notebook: NotebookPipelines,
    private readonly wanted: () => boolean,
    private readonly open: (badge: Badge) => void
  ) {
    notebook.changed.connect(() => this.draw());
    this.clock = window.setInterval(() => this.tick(), 1000);
    notebook.panel.disposed.connect(() => this.end());
    this.draw();
  }

  draw(): void {
    if (this.notebook.isDisposed || this.notebook.panel.isDisposed) {
      return;
    }
    const wanted = this.wanted() ? badgesOf(this.notebook, Date.now() / 1000) : new Map<string, Badge>();
    const seen = new Set<string>();
    for (const cell of this.notebook.panel.content.widgets) {
      const badge = wanted.get(cell.model.id);
      if (badge && cell.model.type === 'code') {
        seen.add(cell.model.id);
        this.put(cell, badge);
      }
    }
    for (const [id, element] of this.elements) {
      if (!seen.has(id)) {
        element.remove();
        this.elements.delete(id);
      }
    }
  }

  private end(): void {
    window.clearInterval(this.clock);
    this.elements.forEach(element => element.remove());
    this.elements.clear();
    this.shown.clear();
  }

  /** Running clocks go on. */
  private tick(): void {
    const { panel } = this.notebook;
    if (panel.isVisible && this.notebook.pipelines.some(each => this.notebook.execution(each)?.row.running)) {
      this.draw();
    }
  }

  private put(cell: Cell, badge: Badge): void {
    const corner = cell.isPlaceholder() ? null : cell.inputArea?.node;
    if (!corner) {
      this.await(cell);
      return;
    }
    let element = this.elements.get(cell.model.id);
    if (element === undefined) {
      element = button('pc-Badge pc-colours', '', '', () => this.press(cell.model.id));
      this.elements.set(cell.model.id, element);
    }
    this.shown.set(cell.model.id, badge);
    if (element.parentElement !== corner) {
      corner.append(element);
    }
    const words = sentence(badge);
    if (element.title !== words) {
      element.title = words;
      element.setAttribute('aria-label', words);
    }
    element.classList.toggle('pc-mod-stale', badge.stale !== '');
    fill(element, ...this.parts(badge));
  }

  /** Draw the badge of a cell when the cell itself is drawn, which is when it is scrolled to. */
  private await(cell: Cell): void {
    if (!this.awaited.has(cell)) {
      this.awaited.add(cell);
      void cell.ready.then(() => this.draw());
    }
  }

  private parts(badge: Badge): Node[] {
    const parts: Node[] = [];
    const add = (part: Node): void => {
      parts.push(part);
    };
    if (badge.what) {
      add(html('span', `pc-Badge-what pc-kind-${badge.kind}`, {}, badge.what));
    }
    if (badge.state) {
      const state = html('span', `pc-Badge-state pc-ink-${badge.state.ink}`);
      say(state, `${badge.state.sign} ${badge.state.text}`.trim());
      add(state);
    }
    const problems = counted(badge.problems);
    if (problems) {
      add(html('span', `pc-Badge-problems pc-mod-${severity(badge.problems)}`, {}, problems));
    }
    if (badge.stale) {
      add(sign('⟳', badge.stale, 'stop'));
    }
    return parts;
  }

  private press(id: string): void {
    const badge = this.shown.get(id);
    if (badge) {
      this.open(badge);
    }
  }

  private readonly elements = new Map<string, HTMLButtonElement>();
  private readonly shown = new Map<string, Badge>();
  private readonly awaited = new WeakSet<Cell>();
  private readonly clock: number;
}

/** Puts a badge on each cell that declares. */
export const badges: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:badges`,
  description: 'Shows on each declaring cell its kind of step, its state in the latest run, and its problems.',
  autoStart: true,
  requires: [INotebooks],
  optional: [ISidePanel, ISettings],
  activate: (
    _: JupyterFrontEnd,
    notebooks: INotebooks,
    panel: ISidePanel | null,
    settings: ISettings | null
  ): void => {
    const all = new Set<Badges>();
    const wanted = (): boolean => settings?.badges !== false;
    const add = (notebook: NotebookPipelines): void => {
      const made = new Badges(notebook, wanted, badge => panel?.show(badge.pipeline, badge.step));
      all.add(made);
      notebook.panel.disposed.connect(() => all.delete(made));
    };
    notebooks.all.forEach(add);
    notebooks.added.connect((__, notebook) => add(notebook));
    settings?.changed.connect(() => all.forEach(each => each.draw()));
  }
};
