import { afterEach, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../src/dag/clock';
import type { DagDocument, StepState } from '../../src/dag/model';

const EPOCH = 1_000_000;

function document(run: Partial<NonNullable<DagDocument['run']>> = {}): DagDocument {
  return { epoch: EPOCH, run } as unknown as DagDocument;
}

const STATES = [[0, 'Succeeded', 1, 5]] as unknown as StepState[];

describe('the clock of a run', () => {
  afterEach(() => vi.useRealTimers());

  it('goes with the browser', () => {
    vi.useFakeTimers({ now: (EPOCH + 9) * 1000 });
    expect(new Clock().now(document(), STATES, true)).toBe(9);
  });

  it('is never behind what has happened', () => {
    vi.useFakeTimers({ now: (EPOCH + 2) * 1000 });
    const clock = new Clock();
    expect(clock.now(document(), STATES, true)).toBe(5);
    vi.setSystemTime((EPOCH + 4) * 1000);
    expect(clock.now(document(), STATES, true)).toBe(7);
  });

  it('does not count the days since an old run began', () => {
    vi.useFakeTimers({ now: (EPOCH + 3 * 86400) * 1000 });
    expect(new Clock().now(document(), STATES, true)).toBe(5);
  });

  it('stands still in a saved notebook', () => {
    expect(new Clock().now(document({ ended: 8 }), STATES, false)).toBe(8);
    expect(new Clock().now(document(), STATES, false)).toBe(5);
  });
});
