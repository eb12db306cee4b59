import { beforeEach, describe, expect, test } from 'vitest';
import type { Adjustment } from '../../src/ports/ledger-writer.ts';
import { calendar, HOUR, KNOWN, MINUTE, NEW, NOON, subject } from '../gen/calls.ts';
import type { LedgerHome } from '../gen/ledger-world.ts';
import { adjusting, HOURLY, hourlyAt, KEY, TOTAL } from './adjusting.ts';
import type { World } from './ledger.ts';

/** Raises, the records of adjustments, and what is not applied. */
export function adjustmentContract(world: World, make: () => Promise<LedgerHome>): void {
  const { spend, named, adjustment, adjust, applied, spent } = adjusting(world);
  beforeEach(() => world().compile(KEY));

  describe('a raise', () => {
    test('is recorded with its end and moves no spend', async () => {
      await spend(1, 40n);
      const endMs = NOON + 2 * HOUR;
      const outcome = await applied({ ...raise(endMs), budgets: named(HOURLY, TOTAL) });
      expect(outcome).toMatchObject({ type: 'Raise', appliedMs: world().nowMs() });
      expect(outcome.budgets).toEqual([
        { ...hourlyAt(NOON), spentBefore: 40n, amount: 200n, untilMs: endMs },
        { name: 'total', counter: 'u', startSeconds: 0, spentBefore: 40n, amount: 200n, untilMs: endMs },
      ]);
      expect([await spent('hourly'), await spent('total')]).toEqual([[40n], [40n]]);
    });

    test('until the end of the window has the end of the window in which it was applied', async () => {
      await spend(1, 40n);
      const createdMs = world().nowMs();
      await world().pass(HOUR);
      const outcome = await applied({ ...raise('WindowEnd'), createdMs, budgets: named(HOURLY, TOTAL) });
      expect(outcome.budgets.map((each) => each.untilMs)).toEqual([Date.UTC(2026, 10, 25, 14), null]);
      await world().pass(HOUR);
      expect((await world().look(KEY)).adjustments).toEqual([outcome]);
    });
  });

  test('an adjustment is handled once by its uid: again, it answers what was done', async () => {
    await spend(1, 40n);
    const first = await applied();
    await spend(2, 5n);
    expect(await adjust()).toEqual({ kind: 'duplicate', applied: first });
    await world().pass(HOUR);
    expect(await adjust({ change: { type: 'Raise', amount: 1n, until: 'WindowEnd' } })).toEqual({
      kind: 'duplicate',
      applied: first,
    });
    expect(await spent('hourly')).toEqual([5n]);
  });

  test('adjustments are read with their subject in the order in which they were applied', async () => {
    await spend(1, 40n);
    const later = await applied({ uid: 'b' });
    await world().pass(MINUTE);
    const last = await applied({ uid: 'a', change: { type: 'Raise', amount: 7n, until: 'WindowEnd' } });
    expect((await world().look(KEY)).adjustments).toEqual([later, last]);
    expect(last.position.count).toBeGreaterThan(later.position.count);
    expect((await world().look(subject('team', 'other'))).adjustments).toEqual([]);
  });

  test('the ledger\u2019s own window wins over the proposed one', async () => {
    await spend(1, 40n);
    const present = calendar('1h', NOON);
    const shifted = { startSeconds: present.startSeconds + 1800, endSeconds: (present.endSeconds ?? 0) + 1800 };
    const budgets = [{ name: 'hourly', counter: 'u', window: shifted, definition: HOURLY.definition }] as const;
    const outcome = await applied({ change: { type: 'Raise', amount: 1n, until: 'WindowEnd' }, budgets });
    expect(outcome.budgets).toMatchObject([
      { startSeconds: present.startSeconds, spentBefore: 40n, untilMs: (present.endSeconds ?? 0) * 1000 },
    ]);
    await applied({ uid: 'uid-2', budgets });
    expect(await spent('hourly')).toEqual([0n]);
  });

  test('a proposed window that ledger time is outside of is computed again', async () => {
    const budgets = named(HOURLY);
    await world().pass(HOUR);
    const moved = { kind: 'moved', nowMs: world().nowMs() };
    expect(await adjust({ budgets })).toEqual(moved);
    expect(await adjust({ change: { type: 'Raise', amount: 1n, until: 'WindowEnd' }, budgets })).toEqual(moved);
    expect((await world().look(KEY)).adjustments).toEqual([]);
  });

  test('one budget of several that cannot be adjusted leaves all as they were', async () => {
    await spend(1, 40n);
    const budgets = named(HOURLY, { ...TOTAL, definition: 'def-2' });
    expect(await adjust({ budgets })).toMatchObject({
      kind: 'misconfigured',
      what: expect.stringContaining('budget total of vkey/shop/bot is counted under another definition'),
    });
    expect(await spent('hourly')).toEqual([40n]);
    expect((await world().look(KEY)).adjustments).toEqual([]);
  });

  test('an older term adjusts nothing', async () => {
    await spend(1, 40n);
    await world().store.writer.claim(KNOWN);
    expect(await adjust()).toEqual({ kind: 'fenced', term: world().term + 1 });
    expect(await spent('hourly')).toEqual([40n]);
    expect((await world().look(KEY)).adjustments).toEqual([]);
  });

  test('a subject that was never compiled, or a ledger without its data, is cold', async () => {
    expect(await adjust({ subject: subject('team', 'unknown') })).toEqual({ kind: 'cold' });
    const home = await make();
    await home.setClock(NOON);
    expect(await home.store.writer.adjust(1, adjustment())).toEqual({ kind: 'cold' });
    expect(await home.store.writer.claim(NEW)).toMatchObject({ kind: 'claimed', fresh: true });
    await home.close();
  });
}

function raise(until: 'WindowEnd' | number): Partial<Adjustment> {
  return { change: { type: 'Raise', amount: 200n, until } };
}
