/** The strip above the drawing: what runs, how far it is, where, and what can be done about it. */

import { button, html, say } from './dom';
import { duration } from './format';
import type { Action, DagDocument, Mark, RunState } from './model';

/** What the strip asks for. */
export interface HeaderEvents {
  act(action: Action): void;
  copy(text: string): void;
  /** Open the log of the step that tells most now: the one that failed, else one that runs. */
  log(): void;
}

export class Header {
  readonly element: HTMLElement;

  constructor(private readonly events: HeaderEvents) {
    this.element = html(
      'header',
      'pc-header',
      {},
      this.title,
      this.status,
      this.rest,
      this.count,
      this.cost,
      this.profile,
      this.place,
      this.trouble,
      html('span', 'pc-spacer'),
      this.buttons
    );
    this.reason.hidden = true;
  }

  /** The strip below it that says why a run failed. */
  readonly reason = html('div', 'pc-reason', { role: 'status' });

  /** Show another document. */
  draw(document: DagDocument, live: boolean): void {
    say(this.title, document.pipeline);
    this.title.title = document.pipeline;
    this.chip(this.profile, document.profile);
    this.chip(this.place, document.target === 'aws' ? `▲ ${document.place}` : document.place);
    this.place.classList.toggle('pc-aws', document.target === 'aws');
    if (document.run === null) {
      this.chip(this.count, document.facts.join(' · '));
    }
    this.live = live;
    this.makeButtons(document);
  }

  /** Show the state of the run. */
  show(run: RunState, mark: Mark, now: number): void {
    this.mark = mark;
    this.status.className = `pc-chip pc-status pc-is-${mark.ink}`;
    this.chip(this.count, run.count);
    this.chip(this.cost, run.cost);
    this.chip(this.trouble, run.trouble ? '⚠ not reachable now' : '');
    this.trouble.title = run.trouble;
    say(this.reason, run.reason);
    this.reason.hidden = run.reason === '';
    this.stop.hidden = !run.running || !this.live;
    this.stop.disabled = run.status === 'Stopping';
    this.retry.hidden = run.running || mark.ink === 'ok' || !this.live;
    this.tick(run, now);
  }

  /** Let the clock go on. */
  tick(run: RunState, now: number): void {
    const end = run.running ? now : (run.ended ?? now);
    const elapsed = run.started === null ? '' : ` ${duration(end - run.started)}`;
    this.chip(this.status, `${this.mark?.sign ?? ''} ${run.status}${elapsed}`);
    const left = run.expected === null || run.started === null ? null : run.expected - (now - run.started);
    this.chip(this.rest, run.running && left !== null ? (left > 0 ? `about ${duration(left)} left` : 'longer than before') : '');
  }

  private chip(element: HTMLElement, text: string): void {
    say(element, text);
    element.hidden = text === '';
  }

  private makeButtons(document: DagDocument): void {
    this.buttons.replaceChildren();
    if (!document.execution) {
      return;
    }
    this.buttons.append(this.stop, this.retry);
    if (!this.live) {
      this.buttons.append(button('pc-button', '↻ Watch again', 'Attach to this execution again', () => this.events.act('watch')));
    }
    if (this.live) {
      this.buttons.append(button('pc-button', 'Open log', 'Open the log of the step that failed or runs', () => this.events.log()));
    }
    this.buttons.append(
      button('pc-button pc-quiet', 'Copy ARN', 'Copy the ARN of this execution', () => this.events.copy(document.execution))
    );
    if (/^https:\/\/[a-z0-9.-]+\.(amazon|amazonaws)\.[a-z.]+\//.test(document.console)) {
      this.buttons.append(
        html('a', 'pc-button', { href: document.console, target: '_blank', rel: 'noopener noreferrer' }, 'Open in console ↗')
      );
    }
  }

  private readonly title = html('strong', 'pc-name');
  private readonly status = html('span', 'pc-chip pc-status', { hidden: true });
  private readonly rest = html('span', 'pc-chip', { hidden: true });
  private readonly count = html('span', 'pc-chip', { hidden: true });
  private readonly cost = html('span', 'pc-chip', { hidden: true });
  private readonly profile = html('span', 'pc-chip', { hidden: true });
  private readonly place = html('span', 'pc-chip', { hidden: true });
  private readonly trouble = html('span', 'pc-chip pc-trouble', { hidden: true });
  private readonly buttons = html('span', 'pc-buttons');
  private readonly stop = button('pc-button pc-stop', '■ Stop', 'Stop this execution', () => this.events.act('stop'));
  private readonly retry = button('pc-button', '↻ Retry', 'Go on from where it failed', () => this.events.act('retry'));
  private live = true;
  private mark: Mark | null = null;
}
