import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatUsd, parseUsd } from '../core/money.ts';
import { windowAt, windowRuleProblem } from '../core/window.ts';
import { budgetSchema, windowRuleOf } from './budget.ts';
import { read } from './explain.ts';

const period = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), fc.constantFrom('m', 'h', 'd', 'w', 'mo', 'q', 'y'))
  .map(([count, unit]) => `${count}${unit}`);
const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'Asia/Calcutta',
  'America/St_Johns',
  'Etc/GMT+5',
  'EST5EDT',
  'Mars/Base',
);
const anchor = fc
  .tuple(fc.integer({ min: 1900, max: 2199 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 31 }))
  .map(([year, month, day]) => `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}T09:00`);

test('a budget is accepted exactly when its windows can be computed', () => {
  const written = fc.record(
    { period, timeZone: zone, anchor, alignment: fc.constantFrom('Calendar', 'Anchored') },
    { requiredKeys: ['period'] },
  );
  let accepted = 0;
  fc.assert(
    fc.property(written, fc.integer({ min: 0, max: 4_000_000_000_000 }), (window, atMs) => {
      const reading = read(budgetSchema, { name: 'b', limit: '1', ...window });
      const rule = windowRuleOf(window);
      const anchored = (rule.alignment === 'Anchored') === (rule.anchor !== null);
      expect(reading.kind === 'ok').toBe(anchored && windowRuleProblem(rule) === undefined);
      if (reading.kind !== 'ok') return;
      accepted += 1;
      const { startSeconds, endSeconds } = windowAt(rule, atMs);
      expect(startSeconds * 1000 <= atMs && endSeconds !== null && atMs < endSeconds * 1000).toBe(true);
    }),
    { numRuns: 1000 },
  );
  expect(accepted).toBeGreaterThan(50);
});

test('softLimit and limit are compared exactly, to the last of their digits', () => {
  const nanos = fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n });
  fc.assert(
    fc.property(nanos, fc.bigInt({ min: -2n, max: 2n }), (limit, difference) => {
      const soft = limit + difference < 0n ? 0n : limit + difference;
      fc.pre(soft <= 999_999_999_999_999_999n);
      const reading = read(budgetSchema, { name: 'b', limit: formatUsd(limit), softLimit: formatUsd(soft) });
      expect(reading.kind === 'ok').toBe(soft <= limit);
    }),
  );
});

test('every amount that a manifest may state is read exactly', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{1,10}(\.[0-9]{1,10})?$/), (limit) => {
      expect(read(budgetSchema, { name: 'b', limit }).kind === 'ok').toBe(parseUsd(limit) !== undefined);
    }),
  );
});

test('absent members of a window rule have the documented defaults', () => {
  expect(windowRuleOf({})).toEqual({
    period: null,
    alignment: 'Calendar',
    anchor: null,
    timeZone: 'UTC',
    weekStart: 1,
  });
  expect(windowRuleOf({ period: '1w', weekStart: 'Sunday' }).weekStart).toBe(7);
});
