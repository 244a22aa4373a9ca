import { describe, expect, test } from 'vitest';

import { ProfileSwitch } from '../src/profiles';

function labels(shown: ProfileSwitch, pressed = ''): (string | null)[] {
  return [...shown.node.querySelectorAll(`button${pressed}`)].map(each => each.textContent);
}

describe('the switch between profiles', () => {
  test('has smoke and full, and shows which is in force', () => {
    const shown = new ProfileSwitch(() => undefined);
    shown.show({ profile: 'full', profiles: {}, costs: { full: '$2.10' } });
    expect(labels(shown)).toEqual(['smoke', 'full']);
    expect(labels(shown, '[aria-pressed="true"]')).toEqual(['full']);
    expect(shown.node.querySelector('[aria-pressed="true"]')?.getAttribute('title')).toBe('Use profile full: $2.10 on AWS');
  });

  test("has people's own too", () => {
    const used: string[] = [];
    const shown = new ProfileSwitch(profile => used.push(profile));
    shown.show({ profile: 'smoke', profiles: {}, costs: {} });
    shown.show({ profile: 'nightly', profiles: { smoke: {}, full: {}, nightly: {} }, costs: {} });
    expect(labels(shown, '[aria-pressed="true"]')).toEqual(['nightly']);
    shown.node.querySelectorAll('button')[2]?.click();
    expect(used).toEqual(['nightly']);
  });

  test('keeps its buttons, and with them the focus, while the profiles stay the same', () => {
    const shown = new ProfileSwitch(() => undefined);
    shown.show({ profile: 'smoke', profiles: {}, costs: {} });
    const before = shown.node.firstElementChild;
    shown.show({ profile: 'full', profiles: {}, costs: {} });
    expect(shown.node.firstElementChild).toBe(before);
  });
});
