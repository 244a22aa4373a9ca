/** The top of the panel: which pipeline, with which profile, where, and the buttons that start and stop it. */

import { isolated } from '../dag/isolated';
import { button, fill, html, plural } from '../dom';
import type { Pipeline, Profile, Target } from '../kernel/protocol';
import { ENGINES, PLACES, stepWord } from '../kernel/words';
import { ProfileSwitch } from '../profiles';
import { Section } from './section';

export interface HeadValue {
  readonly name: string;
  readonly names: readonly string[];
  readonly engine: Pipeline['engine'];
  readonly steps: number;
  readonly profile: Profile;
  readonly profiles: Pipeline['profiles'];
  readonly costs: Pipeline['costs'];
  readonly target: Target;
  readonly busy: boolean;
  readonly retry: boolean;
}

/** What the head's buttons do. */
export interface HeadActs {
  choose(name: string): void;
  profile(profile: Profile): void;
  target(): void;
  run(): void;
  stop(): void;
  retry(): void;
}

export class Head extends Section<HeadValue> {
  constructor(private readonly acts: HeadActs) {
    super('Head');
    this.profiles = new ProfileSwitch(profile => acts.profile(profile));
  }

  protected draw(value: HeadValue): void {
    const facts = [ENGINES[value.engine], plural(value.steps, stepWord(value.engine))];
    const cost = value.costs[value.profile];
    this.profiles.show(value);
    fill(
      this.body,
      this.name(value),
      html('div', 'pc-Head-facts pc-Dim', {}, facts.join(' · ')),
      html('div', 'pc-Head-facts pc-Dim', { hidden: !cost }, `A run on AWS: ${cost ?? ''}`),
      html('div', 'pc-Controls', {}, this.profiles.node, this.target(value)),
      html('div', 'pc-Controls', {}, ...this.buttons(value))
    );
  }

  private name(value: HeadValue): HTMLElement {
    if (value.names.length < 2) {
      return html('h2', 'pc-Head-title', { title: value.name }, value.name);
    }
    const select = html('select', 'pc-Select', { 'aria-label': 'Pipeline' });
    for (const name of value.names) {
      select.append(html('option', '', { value: name, selected: name === value.name }, name));
    }
    select.addEventListener('change', () => this.acts.choose(select.value));
    return select;
  }

  private target(value: HeadValue): HTMLElement {
    const place = PLACES[value.target];
    const element = button('pc-Target', place, `Target: ${place}. Change it.`, () => this.acts.target());
    element.dataset.target = value.target;
    return element;
  }

  private buttons(value: HeadValue): HTMLElement[] {
    const title = `Run ${isolated(value.name)} ${PLACES[value.target]}`;
    const run = button('pc-Button pc-mod-primary', '▶ Run', title, () => this.acts.run());
    const stop = button('pc-Button pc-mod-stop', '■ Stop', 'Stop the running execution', () => this.acts.stop());
    stop.disabled = !value.busy;
    const again = 'Retry the latest execution from where it failed';
    return value.retry ? [run, stop, button('pc-Button', '↻ Retry', again, () => this.acts.retry())] : [run, stop];
  }

  private readonly profiles: ProfileSwitch;
}
