/** What the tabs of the drawer hold, made from a node's detail. */

import { button, html } from './dom';
import type { Argument, Artifact, Code, Detail, Fact, HostRequest, ObjectPreview } from './model';
import { plotElement } from './plot';

const FOLDED_ROWS = 40;

/** The first thing to see: what failed, the numbers, the facts. */
export function overview(detail: Detail): HTMLElement {
  const pane = html('div', 'pc-pane');
  if (detail.failure) {
    const line = detail.failure.line && html('code', '', {}, detail.failure.line);
    pane.append(html('div', 'pc-failure', { role: 'alert' }, html('p', '', {}, detail.failure.reason), ...(line ? [line] : [])));
  }
  pane.append(...detail.plots.map(plotElement));
  if (detail.facts.length > 0) {
    pane.append(factTable(detail.facts));
  }
  if (detail.attempts.length > 0) {
    pane.append(html('h4', '', {}, 'Earlier attempts'), html('ol', 'pc-attempts', {}, ...detail.attempts.map(text => html('li', '', {}, text))));
  }
  return pane;
}

function factTable(facts: readonly Fact[]): HTMLElement {
  return html(
    'table',
    'pc-facts',
    {},
    ...facts.map(fact =>
      html('tr', '', {}, html('th', '', { scope: 'row' }, fact.label), html('td', '', {}, ...changed(fact.was, fact.value)))
    )
  );
}

function* changed(was: string | undefined, value: string): Generator<Node | string> {
  if (was !== undefined) {
    yield html('s', 'pc-was', { title: 'with the full profile' }, was);
    yield ' ';
  }
  yield value;
}

/** Arguments: as declared, with this run's values, and what the full profile would have. */
export function argumentsPane(rows: readonly Argument[]): HTMLElement {
  const differing = rows.filter(row => row.full !== undefined).length;
  const pane = html('div', 'pc-pane');
  if (differing > 0) {
    pane.append(html('p', 'pc-dim', {}, `${differing} differ from the full profile.`));
  }
  const ordered = [...rows].sort((one, other) => Number(other.full !== undefined) - Number(one.full !== undefined));
  const table = html('table', 'pc-facts pc-arguments');
  const fill = (shown: readonly Argument[]): void =>
    table.append(
      ...shown.map(row =>
        html(
          'tr',
          row.full === undefined ? '' : 'pc-differs',
          {},
          html('th', '', { scope: 'row', title: row.path }, row.path),
          html(
            'td',
            '',
            {},
            ...changed(row.full, row.value),
            ...(row.declared === row.value ? [] : [html('div', 'pc-declared', { title: 'as declared' }, row.declared)])
          )
        )
      )
    );
  fill(ordered.slice(0, FOLDED_ROWS));
  pane.append(table);
  if (ordered.length > FOLDED_ROWS) {
    const more = button('pc-button', `Show ${ordered.length - FOLDED_ROWS} more`, 'Show all arguments', () => {
      more.remove();
      fill(ordered.slice(FOLDED_ROWS));
    });
    pane.append(more);
  }
  return pane;
}

/** Source text with its colours. */
export function codePane(codes: readonly Code[]): HTMLElement {
  const pane = html('div', 'pc-pane');
  for (const code of codes) {
    pane.append(
      html('h4', '', {}, code.title),
      html(
        'pre',
        'pc-code',
        { tabindex: 0, 'aria-label': code.title },
        ...code.tokens.map(([kind, text]) => (kind ? html('span', `pc-tok-${kind.replace(/\W/g, '')}`, {}, text) : text))
      )
    );
  }
  return pane;
}

/** JSON that a state takes and gives. */
export function payloadPane(payloads: Detail['payloads']): HTMLElement {
  const parts = payloads.flatMap(part => [
    html('h4', '', {}, part.label),
    html('pre', 'pc-code', { tabindex: 0, 'aria-label': part.label }, part.text)
  ]);
  return html('div', 'pc-pane', {}, ...parts);
}

/** Inputs and outputs with their sizes; an object shows its beginning when it is asked for. */
export class ArtifactPane {
  readonly element = html('div', 'pc-pane');

  constructor(
    groups: readonly (readonly [title: string, artifacts: readonly Artifact[]])[],
    private readonly ask: (request: HostRequest) => void
  ) {
    for (const [title, artifacts] of groups) {
      if (artifacts.length > 0) {
        this.element.append(html('h4', '', {}, title), ...artifacts.map(artifact => this.artifact(artifact)));
      }
    }
  }

  /** Show the beginning of an object. */
  receive(uri: string, preview: ObjectPreview): void {
    this.places.get(uri)?.replaceChildren(previewElement(preview));
  }

  private artifact(artifact: Artifact): HTMLElement {
    return html(
      'div',
      'pc-artifact',
      {},
      html('div', '', {}, html('b', '', {}, artifact.label), ' ', html('span', 'pc-dim', {}, artifact.size)),
      html('code', 'pc-uri', { title: artifact.uri }, artifact.uri),
      ...artifact.objects.flatMap(object => this.object(object))
    );
  }

  private object(object: Artifact['objects'][number]): HTMLElement[] {
    const place = html('div', 'pc-preview');
    this.places.set(object.uri, place);
    const open = html(
      'button',
      'pc-object',
      { type: 'button', 'aria-expanded': 'false', title: object.uri },
      html('span', '', {}, object.name),
      html('span', 'pc-dim', {}, object.size)
    );
    open.addEventListener('click', () => {
      const shown = open.getAttribute('aria-expanded') === 'true';
      open.setAttribute('aria-expanded', String(!shown));
      if (shown) {
        place.replaceChildren();
      } else {
        place.append(html('span', 'pc-dim', {}, 'Reading …'));
        this.ask({ type: 'object', uri: object.uri });
      }
    });
    return [open, place];
  }

  private readonly places = new Map<string, HTMLElement>();
}

function previewElement(preview: ObjectPreview): HTMLElement {
  if (preview.kind === 'table') {
    const [head, ...rows] = preview.rows;
    const cells = (row: readonly string[], tag: 'th' | 'td'): HTMLElement[] => row.map(text => html(tag, '', {}, text));
    return html(
      'div',
      'pc-sheet',
      { tabindex: 0, role: 'group', 'aria-label': 'First rows' },
      html('table', '', {}, html('tr', '', {}, ...cells(head ?? [], 'th')), ...rows.map(row => html('tr', '', {}, ...cells(row, 'td')))),
      preview.more ? '…' : ''
    );
  }
  if (preview.kind === 'image' && /^image\/(png|jpeg|gif|webp)$/.test(preview.mime)) {
    return html('img', 'pc-image', { src: `data:${preview.mime};base64,${preview.base64}`, alt: 'Preview' });
  }
  if (preview.kind === 'text') {
    return html('pre', 'pc-code', { tabindex: 0, 'aria-label': 'Beginning' }, preview.text + (preview.more ? '\n…' : ''));
  }
  return html('span', 'pc-dim', {}, preview.kind === 'none' ? preview.text : 'No preview.');
}
