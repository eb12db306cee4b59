import { describe, expect, it } from 'vitest';
import { limitAt, nextRaiseEnd } from './raise.ts';

const budget = {
  limit: 100n,
  raises: [
    { amount: 20n, untilMs: 2000 },
    { amount: 3n, untilMs: 1000 },
    { amount: 500n, untilMs: null },
  ],
};

describe('a raised limit', () => {
  it('has every raise until the instant that it ends at, which is already without it', () => {
    expect([0, 999, 1000, 1999, 2000, 9000].map((nowMs) => limitAt(budget, nowMs))).toEqual([
      623n,
      623n,
      620n,
      620n,
      600n,
      600n,
    ]);
  });

  it('changes next when the first of its raises ends', () => {
    expect([0, 999, 1000, 1999, 2000].map((nowMs) => nextRaiseEnd(budget, nowMs))).toEqual([
      1000,
      1000,
      2000,
      2000,
      null,
    ]);
  });

  it('is none where there is no limit', () => {
    expect(limitAt({ ...budget, limit: null }, 0)).toBeNull();
    expect(nextRaiseEnd({ ...budget, limit: null }, 0)).toBeNull();
  });

  it('is the limit where nothing is raised', () => {
    expect(limitAt({ limit: 7n, raises: [] }, 0)).toBe(7n);
    expect(nextRaiseEnd({ limit: 7n, raises: [] }, 0)).toBeNull();
  });
});
