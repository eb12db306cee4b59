import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BudgetState, budgetState, thresholdNanos, usedPercent } from './threshold.ts';

describe('budgetState', () => {
  it.each<[string, bigint, bigint | null, bigint | null, BudgetState]>([
    ['below everything it is Ok', 79n, 100n, 80n, 'Ok'],
    ['the soft limit is crossed when it is reached', 80n, 100n, 80n, 'Soft'],
    ['the limit is used up when it is reached', 100n, 100n, 80n, 'Exhausted'],
    ['beyond the limit it stays used up', 101n, 100n, null, 'Exhausted'],
    ['a limit of zero is used up at once', 0n, 0n, null, 'Exhausted'],
    ['without a limit it is never used up', 10n ** 18n, null, 80n, 'Soft'],
    ['without any limit it is Ok', 10n ** 18n, null, null, 'Ok'],
    ['used up comes before soft where both are equal', 100n, 100n, 100n, 'Exhausted'],
  ])('%s', (_, spent, limit, soft, state) => {
    expect(budgetState(spent, limit, soft)).toBe(state);
  });
});

describe('thresholds', () => {
  const limit = fc.bigInt({ min: 1n, max: 10n ** 18n });
  const percent = fc.integer({ min: 1, max: 100 });

  it('are the smallest amount that reaches the share, not one nano-USD less', () => {
    fc.assert(
      fc.property(limit, percent, (most, share) => {
        const at = thresholdNanos(most, share);
        expect(at * 100n >= most * BigInt(share)).toBe(true);
        expect((at - 1n) * 100n < most * BigInt(share)).toBe(true);
      }),
    );
  });

  it('at 100 percent are the limit, so that the last alert and Exhausted come together', () => {
    fc.assert(
      fc.property(limit, (most) => {
        expect(thresholdNanos(most, 100)).toBe(most);
        expect(usedPercent(most, most)).toBe(100);
      }),
    );
  });

  it('agree with the percentage that is shown: it reads N percent only once threshold N is reached', () => {
    fc.assert(
      fc.property(limit, percent, fc.bigInt({ min: 0n, max: 10n ** 18n }), (most, share, spent) => {
        expect(usedPercent(spent, most) >= share).toBe(spent >= thresholdNanos(most, share));
      }),
    );
  });

  it('a limit of zero is used up, not divided by', () => {
    expect(usedPercent(0n, 0n)).toBe(100);
  });
});
