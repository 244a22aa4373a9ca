/** The step that is chosen: its state, its reason, and the ways to its cell and its log. */

import { duration } from '../dag/format';
import { isolated } from '../dag/isolated';
import { button, fill, html, sign } from '../dom';
import type { StepState } from '../kernel/protocol';
import { Section } from './section';

export interface StepValue {
  readonly name: string;
  readonly type: string;
  readonly kind: string;
  readonly cell: string | null;
  readonly state: StepState | null;
  /** Why it is stale; empty when it is not. */
  readonly stale: string;
  /** Whether there may be a log to open. */
  readonly log: boolean;
}

export interface StepActs {
  cell(id: string): void;
  log(step: string): void;
}

export class ChosenStep extends Section<StepValue> {
  constructor(private readonly acts: StepActs) {
    super('Step');
  }

  protected draw(value: StepValue): void {
    const { cell, state } = value;
    const name = isolated(value.name);
    const type = html('span', 'pc-Step-type pc-Dim', {}, value.type);
    fill(this.body, html('div', `pc-Step-name pc-kind-${value.kind}`, {}, html('b', '', {}, name), type));
    if (state) {
      const time = state.started !== null && state.ended !== null ? ` ${duration(state.ended - state.started)}` : '';
      const word = ` ${state.word}${time}`;
      this.body.append(html('div', `pc-ink-${state.ink}`, {}, sign(state.sign, state.status, state.ink), word));
      if (state.value) {
        this.body.append(html('div', 'pc-Dim', {}, `Inside: ${state.value}`));
      }
      if (state.reason) {
        this.body.append(html('p', 'pc-Reason', { title: state.reason }, state.reason));
      }
    }
    if (value.stale) {
      this.body.append(html('p', 'pc-Stale', {}, value.stale));
    }
    const buttons = html('div', 'pc-Controls');
    if (cell !== null) {
      buttons.append(button('pc-Button', 'Go to cell', `Go to cell of ${name}`, () => this.acts.cell(cell)));
    }
    if (value.log) {
      buttons.append(button('pc-Button', 'Open log', `Open log of ${name}`, () => this.acts.log(value.name)));
    }
    this.body.append(buttons);
  }
}
