/** The parameters with the values of the profile in force; full's own value struck through where it differs. */

import { fill, html } from '../dom';
import type { Pipeline, Profile } from '../kernel/protocol';
import { Section } from './section';

export interface ParametersValue {
  readonly profile: Profile;
  readonly profiles: Pipeline['profiles'];
}

/** A value as people read it. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export class Parameters extends Section<ParametersValue> {
  constructor() {
    super('Parameters', 'Parameters');
  }

  protected draw({ profile, profiles }: ParametersValue): void {
    const full = profiles.full ?? {};
    const values = profiles[profile] ?? {};
    const names = [...new Set([...Object.keys(full), ...Object.keys(values)])];
    if (names.length === 0) {
      fill(this.body, html('p', 'pc-Dim', {}, 'It has no parameters.'));
      return;
    }
    const rows = names.map(name => {
      const value = html('dd', '', {});
      if (name in full && shown(full[name]) !== shown(values[name])) {
        value.append(html('s', 'pc-Dim', { title: 'full' }, shown(full[name])), ' ');
      }
      value.append(name in values ? shown(values[name]) : 'no value: set one to run');
      return html('div', 'pc-Fact', {}, html('dt', 'pc-Dim', { title: name }, name), value);
    });
    fill(this.body, html('dl', 'pc-Facts', {}, ...rows));
  }
}
