/** A sortable table of executions; two that are chosen are shown side by side. */

import { button, html, say } from './dom';
import { duration } from './format';
import type { Comparison, ExecutionRow, ExecutionsDocument, Host, HostEvent, View } from './model';
import { plotElement } from './plot';
import { followTheme } from './theme';

type Column = 'started' | 'pipeline' | 'status' | 'took' | 'cost';

const COLUMNS: readonly (readonly [Column, string])[] = [
  ['started', 'Started'],
  ['pipeline', 'Pipeline'],
  ['status', 'Status'],
  ['took', 'Took'],
  ['cost', 'Cost']
];

export class ExecutionsView implements View {
  readonly element: HTMLElement;

  constructor(private readonly host: Host) {
    this.search.addEventListener('input', () => this.filter(this.search.value));
    this.element = html(
      'section',
      'pcdag pc-executions',
      { 'aria-label': 'Executions' },
      html('header', 'pc-header', {}, this.title, html('span', 'pc-spacer'), this.search, this.compare),
      html('div', 'pc-sheetarea', { tabindex: 0, role: 'region', 'aria-label': 'Table of executions' }, this.table),
      this.comparison,
      this.said
    );
    this.element.addEventListener('keydown', event => event.stopPropagation());
    this.stopFollowing = followTheme(this.element);
  }

  receive(event: HostEvent): void {
    if (event.type === 'document' && 'view' in event.document) {
      this.open(event.document);
    } else if (event.type === 'said') {
      say(this.said, event.text);
    }
  }

  /** Show another document. */
  open(document: ExecutionsDocument): void {
    this.document = document;
    say(this.title, document.title);
    this.draw();
    this.comparison.replaceChildren(...(document.comparison ? comparisonElements(document.comparison) : []));
  }

  select(id: string): void {
    this.chosen = new Set(id ? id.split(' ') : []);
    this.draw();
  }

  filter(text: string): void {
    this.wanted = text.trim().toLowerCase();
    this.draw();
    this.host.chose({ selection: [...this.chosen].join(' '), filter: text });
  }

  dispose(): void {
    this.stopFollowing();
    this.element.remove();
  }

  private draw(): void {
    const rows = [...(this.document?.rows ?? [])]
      .filter(row => [row.pipeline, row.status, row.arn].some(text => text.toLowerCase().includes(this.wanted)))
      .sort((one, other) => this.direction * order(one[this.by], other[this.by]));
    const heads = COLUMNS.map(([column, label]) => this.head(column, label));
    this.table.replaceChildren(
      html('thead', '', {}, html('tr', '', {}, html('th', '', { scope: 'col' }, 'Compare'), ...heads, html('th', '', { scope: 'col' }, 'Execution'))),
      html('tbody', '', {}, ...rows.map(row => this.row(row)))
    );
    this.compare.disabled = this.chosen.size !== 2 || !this.host.live;
  }

  private head(column: Column, label: string): HTMLElement {
    const sorted = column === this.by;
    const sort = html('button', 'pc-sort', { type: 'button' }, `${label}${sorted ? (this.direction > 0 ? ' ↑' : ' ↓') : ''}`);
    sort.addEventListener('click', () => {
      this.direction = sorted ? -this.direction : 1;
      this.by = column;
      this.draw();
    });
    const state = sorted ? (this.direction > 0 ? 'ascending' : 'descending') : 'none';
    return html('th', '', { scope: 'col', 'aria-sort': state }, sort);
  }

  private row(row: ExecutionRow): HTMLElement {
    const box = html('input', '', { type: 'checkbox', 'aria-label': `Compare ${row.arn}`, checked: this.chosen.has(row.arn) });
    box.addEventListener('change', () => {
      if (box.checked) {
        this.chosen.add(row.arn);
      } else {
        this.chosen.delete(row.arn);
      }
      this.draw();
      this.host.chose({ selection: [...this.chosen].join(' '), filter: this.wanted });
    });
    const started = row.started === null ? '' : new Date(row.started * 1000).toLocaleString();
    return html(
      'tr',
      this.chosen.has(row.arn) ? 'pc-chosen' : '',
      {},
      html('td', '', {}, box),
      html('td', 'pc-number', {}, started),
      html('td', '', {}, row.pipeline),
      html('td', `pc-word pc-is-${row.mark.ink}`, {}, `${row.mark.sign} ${row.status}`),
      html('td', 'pc-number', {}, row.took === null ? '' : duration(row.took)),
      html('td', 'pc-number', {}, row.cost),
      html('td', '', {}, html('code', 'pc-uri', { title: row.arn }, row.arn.split(/[/:]/).at(-1) ?? row.arn))
    );
  }

  private readonly title = html('strong', 'pc-name');
  private readonly search = html('input', 'pc-search', { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter executions' });
  private readonly compare = button('pc-button', 'Compare', 'Compare the two chosen executions', () =>
    this.host.ask({ type: 'compare', arns: [...this.chosen] })
  );
  private readonly table = html('table', 'pc-table');
  private readonly comparison = html('div', 'pc-comparison');
  private readonly said = html('div', 'pc-dim', { role: 'status' });
  private readonly stopFollowing: () => void;
  private document: ExecutionsDocument | null = null;
  private by: Column = 'started';
  private direction = -1;
  private wanted = '';
  private chosen = new Set<string>();
}

function order(one: string | number | null, other: string | number | null): number {
  if (typeof one === 'string' && typeof other === 'string') {
    return one.localeCompare(other);
  }
  return Number(one ?? -1) - Number(other ?? -1);
}

function* comparisonElements(comparison: Comparison): Generator<HTMLElement> {
  const [left, right] = comparison.names;
  for (const section of comparison.sections.filter(each => each.rows.length > 0)) {
    yield html('h4', '', {}, section.title);
    yield html(
      'table',
      'pc-table',
      {},
      html('thead', '', {}, html('tr', '', {}, html('td', ''), html('th', '', { scope: 'col' }, left), html('th', '', { scope: 'col' }, right))),
      html(
        'tbody',
        '',
        {},
        ...section.rows.map(({ label, values }) =>
          html(
            'tr',
            values[0] === values[1] ? '' : 'pc-differs',
            {},
            html('th', '', { scope: 'row' }, label),
            html('td', '', {}, values[0]),
            html('td', '', {}, values[1])
          )
        )
      )
    );
  }
  yield html('div', 'pc-plots', {}, ...comparison.plots.map(plotElement));
}
