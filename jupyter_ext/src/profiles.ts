/** The switch between the profiles of a pipeline, in the toolbar and in the panel. */

import { button, fill, html } from './dom';
import type { Pipeline, Profile } from './kernel/protocol';

/** What is shown: the profile in force, among those that there are, with their costs. */
export type ProfileValue = Pick<Pipeline, 'profile' | 'profiles' | 'costs'>;

/** The profiles that every pipeline has. */
const EVERY: readonly Profile[] = ['smoke', 'full'];

/** The names of a pipeline's profiles: smoke, full, and people's own. */
export function profileNames({ profiles }: Pick<Pipeline, 'profiles'>): readonly Profile[] {
  return [...new Set([...EVERY, ...Object.keys(profiles)])];
}

/** A row of buttons, one for each profile; the one in force is pressed. */
export class ProfileSwitch {
  readonly node = html('div', 'pc-Segments', { role: 'group', 'aria-label': 'Profile' });

  constructor(private readonly use: (profile: Profile) => void) {}

  show(value: ProfileValue): void {
    const names = profileNames(value);
    if (names.join() !== [...this.buttons.keys()].join()) {
      this.buttons = new Map(
        names.map(name => [name, button('pc-Segment', name, `Use profile ${name}`, () => this.use(name))])
      );
      fill(this.node, ...this.buttons.values());
    }
    for (const [name, element] of this.buttons) {
      const cost = value.costs[name];
      element.title = `Use profile ${name}${cost ? `: ${cost} on AWS` : ''}`;
      element.setAttribute('aria-pressed', String(value.profile === name));
    }
  }

  private buttons: ReadonlyMap<Profile, HTMLButtonElement> = new Map();
}
