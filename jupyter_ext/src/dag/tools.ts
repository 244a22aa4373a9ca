/** What floats over the drawing: search, zoom, fit, fold. */

import { button, html, say, svg } from './dom';

/** What the tools ask for. */
export interface ToolEvents {
  search(text: string): void;
  next(): void;
  zoom(factor: number): void;
  fit(): void;
  fold(all: boolean): void;
}

export class Tools {
  readonly element: HTMLElement;
  readonly input = html('input', 'pc-search', {
    type: 'search',
    placeholder: 'Find a step',
    'aria-label': 'Find a step',
    spellcheck: 'false'
  });

  constructor(events: ToolEvents) {
    this.input.addEventListener('input', () => events.search(this.input.value));
    this.input.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter') {
        events.next();
      } else if (event.key === 'Escape') {
        this.input.value = '';
        events.search('');
      }
    });
    this.folds.append(
      button('pc-tool', '⊟', 'Fold all groups', () => events.fold(true)),
      button('pc-tool', '⊞', 'Open all groups', () => events.fold(false))
    );
    this.element = html(
      'div',
      'pc-tools',
      { role: 'toolbar', 'aria-label': 'Drawing' },
      this.input,
      this.found,
      this.folds,
      button('pc-tool', '−', 'Zoom out', () => events.zoom(1 / 1.3)),
      button('pc-tool', '+', 'Zoom in', () => events.zoom(1.3)),
      this.fit(events)
    );
  }

  /** Say how many steps a search found; null when nothing is searched for. */
  tell(found: number | null): void {
    say(this.found, found === null ? '' : String(found));
    this.found.hidden = found === null;
  }

  /** Offer folding only where something folds. */
  offerFolding(offered: boolean): void {
    this.folds.hidden = !offered;
  }

  private fit(events: ToolEvents): HTMLButtonElement {
    const made = button('pc-tool', '', 'Fit the whole drawing', () => events.fit());
    const corners = svg('path', '', { d: 'M1 5V1H5M9 1H13V5M13 9V13H9M5 13H1V9' });
    made.append(svg('svg', 'pc-icon', { width: 14, height: 14, viewBox: '0 0 14 14', 'aria-hidden': 'true' }, corners));
    return made;
  }

  private readonly found = html('span', 'pc-foundcount', { 'aria-live': 'polite', hidden: true });
  private readonly folds = html('span', 'pc-folds', { hidden: true });
}
