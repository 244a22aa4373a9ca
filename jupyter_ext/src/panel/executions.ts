/** Executions, newest first: state, duration, age, where; and what can be done with each. */

import { duration } from '../dag/format';
import { age, button, fill, html, sign } from '../dom';
import type { ExecutionRow, Target } from '../kernel/protocol';
import { canRetry, PLACES } from '../kernel/words';
import { Section } from './section';

export interface ExecutionsValue {
  readonly rows: readonly ExecutionRow[];
  /** Why they cannot be listed; empty when they can. */
  readonly trouble: string;
  /** ARN of the execution that the DAG shows. */
  readonly shown: string;
  /** Whether there are credentials for AWS. */
  readonly aws: boolean;
  /** Epoch seconds. */
  readonly now: number;
}

export interface ExecutionActs {
  attach(row: ExecutionRow): void;
  stop(row: ExecutionRow): void;
  retry(row: ExecutionRow): void;
  list(on: Target): void;
}

export class ExecutionList extends Section<ExecutionsValue> {
  constructor(private readonly acts: ExecutionActs) {
    super('Executions', 'Executions');
    const says = 'Refresh the list of executions on this machine';
    const refresh = button('pc-Link', 'Refresh', says, () => acts.list('local'));
    this.aws = button('pc-Link', 'Look on AWS', 'Look on AWS for executions of this pipeline', () =>
      acts.list('aws')
    );
    this.head.append(html('span', 'pc-Section-links', {}, refresh, this.aws));
  }

  /** Running clocks show each second; ages are as good half a minute later. */
  protected override key(value: ExecutionsValue): string {
    const busy = value.rows.some(row => row.running);
    return JSON.stringify({ ...value, now: Math.floor(value.now / (busy ? 1 : 30)) });
  }

  protected draw(value: ExecutionsValue): void {
    this.aws.hidden = !value.aws;
    fill(this.body, html('ul', 'pc-Rows', {}, ...value.rows.map(row => this.row(row, value))));
    if (value.trouble) {
      this.body.append(html('p', 'pc-Dim', {}, value.trouble));
    } else if (value.rows.length === 0) {
      this.body.append(html('p', 'pc-Dim', {}, 'It has not run yet.'));
    }
  }

  private row(row: ExecutionRow, value: ExecutionsValue): HTMLElement {
    const ended = row.ended ?? (row.running ? value.now : null);
    const time = row.started !== null && ended !== null ? duration(ended - row.started) : '';
    const begun = row.started === null ? '' : age(row.started, value.now);
    const facts = [time, begun, row.profile].filter(Boolean).join(' · ');
    const says = `Show the execution of ${begun}: ${row.status}, ${PLACES[row.on]}`;
    const show = button('pc-Row-show', '', says, () => this.acts.attach(row));
    show.dataset.key = row.arn;
    show.append(
      sign(row.sign, row.status, row.ink),
      html('span', `pc-Row-status pc-ink-${row.ink}`, {}, row.status),
      html('span', 'pc-Dim', {}, facts)
    );
    if (row.on === 'aws') {
      show.append(html('span', 'pc-Aws', {}, 'AWS'));
    }
    const element = html('li', 'pc-Row', { 'aria-current': row.arn === value.shown ? 'true' : null }, show);
    const act = this.act(row, begun);
    if (act !== null) {
      act.dataset.key = `${row.arn} act`;
      element.append(act);
    }
    if (row.reason) {
      element.append(html('p', 'pc-Reason', { title: row.reason }, row.reason));
    }
    return element;
  }

  private act(row: ExecutionRow, begun: string): HTMLButtonElement | null {
    if (row.running) {
      return button('pc-Link', 'Stop', `Stop the execution of ${begun}`, () => this.acts.stop(row));
    }
    const again = `Retry the execution of ${begun} from where it failed`;
    return canRetry(row) ? button('pc-Link', 'Retry', again, () => this.acts.retry(row)) : null;
  }

  private readonly aws: HTMLButtonElement;
}
