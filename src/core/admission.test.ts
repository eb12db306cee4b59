import { expect, test } from 'vitest';
import { admits, refusedBy, type Standing, tightest } from './admission.ts';

function standing(part: Partial<Standing>): Standing {
  return {
    subject: { kind: 'vkey', namespace: 'shop', name: 'bot' },
    budget: 'daily',
    limit: 100n,
    overdraft: 'Deny',
    resetsAtMs: 5000,
    spent: 0n,
    held: 0n,
    ...part,
  };
}

test('Deny admits up to the limit, Allow below it, and no limit everything', () => {
  expect(admits(standing({ spent: 60n, held: 10n }), 30n)).toBe(true);
  expect(admits(standing({ spent: 60n, held: 10n }), 31n)).toBe(false);
  expect(admits(standing({ overdraft: 'Allow', spent: 99n }), 5000n)).toBe(true);
  expect(admits(standing({ overdraft: 'Allow', spent: 99n, held: 1n }), 0n)).toBe(false);
  expect(admits(standing({ limit: null, spent: 10n ** 17n }), 5n)).toBe(true);
});

test('the tightest budget is the one with least left after the hold, whatever its overdraft', () => {
  const group = [
    standing({ budget: 'a', limit: 100n, held: 20n }),
    standing({ budget: 'b', limit: 90n, spent: 30n, held: 20n, overdraft: 'Allow' }),
    standing({ budget: 'c', limit: null }),
  ];
  expect(tightest(group, 50n)).toMatchObject({ budget: 'b', left: -10n, limit: 90n, spent: 30n });
  expect(tightest([standing({ limit: null })], 50n)).toBeNull();
});

test('a refusal carries the figures of the budget that weighs most', () => {
  const refusal = refusedBy(
    [
      standing({ budget: 'reserved', held: 90n }),
      standing({ budget: 'exhausted', spent: 100n, held: 7n, resetsAtMs: 9000 }),
      standing({ budget: 'soon', spent: 100n }),
    ],
    20n,
  );
  expect(refusal).toEqual({
    reason: 'exhausted',
    subject: { kind: 'vkey', namespace: 'shop', name: 'bot' },
    budget: 'exhausted',
    spent: 100n,
    held: 7n,
    limit: 100n,
    hold: 20n,
    resetsAtMs: 9000,
  });
});
