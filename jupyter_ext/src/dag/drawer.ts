/** What opens beside the drawing when a node is chosen. */

import { button, html, say } from './dom';
import { LogPane } from './log';
import type { Action, DagDocument, Detail, HostEvent, HostRequest, Mark, SceneNode } from './model';
import { ArtifactPane, argumentsPane, codePane, overview, payloadPane } from './panes';

/** What the drawer asks for. */
export interface DrawerEvents {
  ask(request: HostRequest): void;
  close(): void;
  act(action: Action, node: string): void;
  /** Say something to the person. */
  say(text: string): void;
}

const AGAIN = '↻ Retry from here';

type TabName = 'Overview' | 'Log' | 'Arguments' | 'Code' | 'Data' | 'State';

export class Drawer {
  readonly element: HTMLElement;

  constructor(private readonly events: DrawerEvents) {
    this.element = html(
      'aside',
      'pc-drawer',
      { 'aria-label': 'Step', hidden: true },
      html('div', 'pc-drawertop', {}, this.title, this.state, this.retry, button('pc-tool', '✕', 'Close', () => events.close())),
      this.heading,
      this.tabs,
      this.panel
    );
    this.tabs.addEventListener('keydown', event => this.key(event));
  }

  /** Open at a node, or close; where nobody answers, say how its details come back. */
  open(node: SceneNode | null, document: DagDocument | null, live: boolean): void {
    this.element.hidden = node === null;
    this.node = node;
    this.costs = document?.target === 'aws';
    this.offer(null);
    this.detail = null;
    this.log = null;
    this.artifacts = null;
    this.made.clear();
    this.tabs.replaceChildren();
    this.panel.replaceChildren();
    if (node === null) {
      return;
    }
    say(this.title, node.name);
    this.title.title = node.name;
    this.element.setAttribute('aria-label', `Step ${node.name}`);
    say(this.heading, [node.type, node.cell === null ? '' : `cell ${node.cell}`, node.summary].filter(Boolean).join(' · '));
    const again = document?.execution ? 'Watch again brings them back.' : 'Run its cell to see them.';
    this.panel.append(html('div', 'pc-dim pc-pane', {}, live ? 'Reading …' : `Its details were not saved. ${again}`));
  }

  /** Open a tab as soon as the node has it. */
  prefer(name: TabName): void {
    this.chosen = name;
    if (this.detail) {
      this.choose(this.wanted(this.names(this.detail)));
    }
  }

  /** Show the node's state beside its name. */
  mark(mark: Mark): void {
    say(this.state, mark.word ? `${mark.sign} ${mark.word}` : '');
    this.state.className = `pc-drawerstate pc-is-${mark.ink}`;
  }

  /** Take what the host tells of the node. */
  receive(event: Extract<HostEvent, { type: 'detail' | 'log' | 'object' }>): void {
    if (event.type === 'detail' && event.detail.node === this.node?.id) {
      this.show(event.detail);
    } else if (event.type === 'log' && event.node === this.node?.id) {
      this.log?.add(event.lines, event.first, event.over);
    } else if (event.type === 'object') {
      this.artifacts?.receive(event.uri, event.preview);
    }
  }

  private show(detail: Detail): void {
    const before = this.detail;
    this.detail = detail;
    say(this.heading, detail.heading);
    if (JSON.stringify(before?.again) !== JSON.stringify(detail.again)) {
      this.offer(detail.again);
    }
    const names = this.names(detail);
    if ([...this.tabs.children].map(tab => tab.textContent).join() !== names.join()) {
      this.tabs.replaceChildren(...names.map(name => this.tab(name)));
    }
    for (const [name, pane] of [...this.made]) {
      if (!before || this.differs(name, before, detail)) {
        pane.remove();
        this.made.delete(name);
      }
    }
    this.choose(this.wanted(names));
  }

  /** Offer to go on from here; where that is not possible, the button says why. */
  private offer(again: Detail['again']): void {
    this.again = again;
    this.armed = false;
    this.retry.hidden = again === null;
    this.retry.textContent = AGAIN;
    this.retry.title = again?.words ?? '';
    this.retry.setAttribute('aria-label', `${AGAIN}. ${again?.words ?? ''}`);
    this.retry.setAttribute('aria-disabled', String(again?.way === 'none'));
  }

  /** Go on from here; on AWS, which costs money, after a second click. */
  private goOn(): void {
    const { again, node } = this;
    if (!again || !node) {
      return;
    }
    if (again.way === 'none') {
      this.events.say(again.words);
    } else if (this.costs && !this.armed) {
      this.armed = true;
      this.retry.textContent = '▲ Start on AWS?';
      this.events.say(`${again.words} Click again to start it on AWS.`);
    } else {
      this.offer(null);
      this.events.act('retry', node.id);
    }
  }

  private names(detail: Detail): TabName[] {
    const there: [TabName, boolean][] = [
      ['Overview', hasOverview(detail)],
      ['Log', detail.logs],
      ['State', detail.payloads.length > 0],
      ['Arguments', detail.arguments.length > 0],
      ['Code', detail.code.length > 0],
      ['Data', detail.inputs.length + detail.outputs.length > 0]
    ];
    const shown = there.filter(([, isThere]) => isThere).map(([name]) => name);
    return shown.length > 0 ? shown : ['Overview'];
  }

  /** The tab that a person chose, where this node has it, else its first one. */
  private wanted(names: readonly TabName[]): TabName {
    return names.includes(this.chosen) ? this.chosen : (names[0] ?? 'Overview');
  }

  /** What a tab shows is made again only where it changed: a log and an open preview stay. */
  private differs(name: TabName, before: Detail, after: Detail): boolean {
    const parts: Record<TabName, (detail: Detail) => unknown> = {
      Overview: detail => [detail.facts, detail.failure, detail.plots, detail.attempts],
      Log: () => '',
      State: detail => detail.payloads,
      Arguments: detail => detail.arguments,
      Code: detail => detail.code,
      Data: detail => [detail.inputs, detail.outputs]
    };
    return JSON.stringify(parts[name](before)) !== JSON.stringify(parts[name](after));
  }

  private tab(name: TabName): HTMLElement {
    const element = html('button', 'pc-tab', { type: 'button', role: 'tab', 'data-tab': name }, name);
    element.addEventListener('click', () => {
      this.chosen = name;
      this.choose(name);
    });
    return element;
  }

  private choose(name: TabName): void {
    for (const tab of this.tabs.children) {
      const on = tab.getAttribute('data-tab') === name;
      tab.setAttribute('aria-selected', String(on));
      tab.setAttribute('tabindex', on ? '0' : '-1');
    }
    const pane = this.made.get(name) ?? this.make(name);
    if (pane && this.panel.firstElementChild !== pane) {
      this.panel.replaceChildren(pane);
    }
    this.panel.setAttribute('aria-label', name);
    if (name === 'Log') {
      this.log?.start();
      this.log?.toEnd();
    }
  }

  private make(name: TabName): HTMLElement | null {
    const { detail, node } = this;
    if (!detail || !node) {
      return null;
    }
    const pane = this.paneOf(name, detail, node);
    this.made.set(name, pane);
    return pane;
  }

  private paneOf(name: TabName, detail: Detail, node: SceneNode): HTMLElement {
    switch (name) {
      case 'Overview':
        return overview(detail);
      case 'Arguments':
        return argumentsPane(detail.arguments);
      case 'Code':
        return codePane(detail.code);
      case 'State':
        return payloadPane(detail.payloads);
      case 'Data':
        this.artifacts = new ArtifactPane([['Inputs', detail.inputs], ['Outputs', detail.outputs]], request => this.events.ask(request));
        return this.artifacts.element;
      case 'Log':
        this.log = new LogPane(node.id, request => this.events.ask(request));
        return this.log.element;
    }
  }

  private key(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const tabs = [...this.tabs.children] as HTMLElement[];
    if (step !== 0 && tabs.length > 0) {
      const index = tabs.findIndex(tab => tab.getAttribute('aria-selected') === 'true');
      const next = tabs[(index + step + tabs.length) % tabs.length];
      next?.click();
      next?.focus();
      event.preventDefault();
      event.stopPropagation();
    }
  }

  private readonly title = html('h3', '');
  private readonly retry = button('pc-button pc-again', AGAIN, AGAIN, () => this.goOn());
  private readonly state = html('span', 'pc-drawerstate');
  private readonly heading = html('div', 'pc-dim pc-heading');
  private readonly tabs = html('div', 'pc-tabs', { role: 'tablist', 'aria-label': 'About this step' });
  private readonly panel = html('div', 'pc-panel', { role: 'tabpanel', tabindex: -1 });
  private readonly made = new Map<TabName, HTMLElement>();
  private node: SceneNode | null = null;
  private again: Detail['again'] = null;
  private armed = false;
  private costs = false;
  private detail: Detail | null = null;
  private log: LogPane | null = null;
  private artifacts: ArtifactPane | null = null;
  private chosen: TabName = 'Overview';
}

function hasOverview({ facts, failure, plots, attempts }: Detail): boolean {
  return failure !== null || facts.length + plots.length + attempts.length > 0;
}
