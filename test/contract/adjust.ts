import { beforeEach, describe, expect, test } from 'vitest';
import { calendar, call, group, HOUR, MINUTE, NOON, budget } from '../gen/calls.ts';
import { admitted } from '../gen/ledger-world.ts';
import { adjusting, BIG, HOURLY, hourlyAt, KEY, TOTAL } from './adjusting.ts';
import type { World } from './ledger.ts';

/** Resets, and what is settled after them. */
export function resetContract(world: World): void {
  const { open, settle, spend, swept, named, adjust, applied, spent } = adjusting(world);
  beforeEach(() => world().compile(KEY));
  const stored = async (): Promise<string[]> => {
    const fields = await world().fields(KEY);
    return fields.filter((field) => /^zn?\./.test(field)).toSorted();
  };

  describe('a reset', () => {
    test('starts the present window of the named budget at zero, and no other; the total stays', async () => {
      await spend(1, 400n);
      const outcome = await applied();
      expect(outcome).toMatchObject({ uid: 'uid-1', type: 'Reset', appliedMs: world().nowMs() });
      const { startSeconds } = calendar('1h', NOON);
      expect(outcome.budgets).toEqual([
        { name: 'hourly', counter: 'u', startSeconds, spentBefore: 400n, amount: 400n, untilMs: null },
      ]);
      expect(await spent('hourly')).toEqual([0n]);
      expect(await spent('total')).toEqual([400n]);
      expect(await spent('big')).toEqual([400n]);
      await spend(2, 3n);
      expect(await spent('hourly')).toEqual([3n]);
      expect(await spent('total')).toEqual([403n]);
      const { totals, credits } = await world().look(KEY);
      expect([totals['u'], totals['f.big'], credits]).toEqual([403n, 403n, {}]);
    });

    test('of a filtered budget moves the base of its own counter', async () => {
      await spend(1, 40n);
      const outcome = await applied({ budgets: named(BIG) });
      expect(outcome.budgets).toMatchObject([{ name: 'big', counter: 'f.big', amount: 40n }]);
      expect([await spent('big'), await spent('hourly')]).toEqual([[0n], [40n]]);
    });

    test('of all budgets is one, with what each had spent', async () => {
      await spend(1, 40n);
      await world().pass(HOUR);
      await spend(2, 5n);
      const outcome = await applied({ budgets: named(HOURLY, TOTAL, BIG) });
      expect(outcome.budgets.map(({ name, amount }) => [name, amount])).toEqual([
        ['hourly', 5n],
        ['total', 45n],
        ['big', 5n],
      ]);
      expect(await spent('hourly')).toEqual([40n, 0n]);
      expect(await spent('total')).toEqual([0n]);
      expect(await spent('big')).toEqual([40n, 0n]);
    });

    test('makes room for the next call under the limit', async () => {
      const groups = [group({ budgets: [{ ...HOURLY, limit: 100n }] })];
      await spend(1, 100n);
      const refused = call(world().nowMs(), { seq: 2, amount: 1n, groups });
      expect(await world().store.ledger.reserve(refused)).toMatchObject({ kind: 'refused' });
      await applied();
      await admitted(world().store.ledger.reserve(call(world().nowMs(), { seq: 3, amount: 100n, groups })));
    });

    test('leaves open holds alone: they settle after it', async () => {
      await spend(1, 40n);
      const sent = await open(2);
      await applied();
      expect((await world().look(KEY)).held).toEqual({ u: 100n, 'f.big': 100n });
      await settle(sent, 7n);
      expect(await spent('hourly')).toEqual([7n]);
      expect((await world().look(KEY)).held).toEqual({ u: 0n, 'f.big': 0n });
    });

    test('takes nothing from the window before, and lasts when the next one begins', async () => {
      await spend(1, 40n);
      await world().pass(HOUR);
      await spend(2, 5n);
      await applied();
      expect(await spent('hourly')).toEqual([40n, 0n]);
      await spend(3, 2n);
      await world().pass(HOUR);
      await spend(4, 1n);
      expect(await spent('hourly')).toEqual([2n, 1n]);
      await world().pass(HOUR);
      await spend(5, 9n);
      expect(await spent('hourly')).toEqual([1n, 9n]);
    });

    test('leaves a late settle in the window of its admission, which was reset or came before', async () => {
      const [early, late] = [await open(1), await open(2)];
      await spend(3, 10n);
      await applied({ uid: 'first' });
      await world().pass(HOUR);
      await settle(early, 4n);
      expect(await spent('hourly')).toEqual([4n]);
      await spend(4, 20n);
      await applied({ uid: 'second' });
      await settle(late, 7n);
      expect(await spent('hourly')).toEqual([11n, 0n]);
      expect(await spent('total')).toEqual([41n]);
    });

    test('is forgotten with its window', async () => {
      const { startSeconds } = calendar('1h', NOON);
      await spend(1, 10n);
      await applied({ uid: 'first', budgets: named(HOURLY, TOTAL, BIG) });
      const names = [`f.big.${startSeconds}`, `u.hourly.${startSeconds}`, 'u.total.0'];
      expect(await stored()).toEqual(['z', 'zn'].flatMap((kind) => names.map((name) => `${kind}.${name}`)));
      for (const seq of [2, 3]) {
        await world().pass(HOUR);
        await spend(seq, 1n);
      }
      expect(await stored()).toEqual(['z.u.total.0', 'zn.u.total.0']);
    });

    test('twice in one window adds up, each with its own amount', async () => {
      await spend(1, 10n);
      expect((await applied({ uid: 'first' })).budgets).toMatchObject([{ spentBefore: 10n, amount: 10n }]);
      await spend(2, 3n);
      expect((await applied({ uid: 'second' })).budgets).toMatchObject([{ spentBefore: 3n, amount: 3n }]);
      await spend(3, 2n);
      expect(await spent('hourly')).toEqual([2n]);
      await world().pass(HOUR);
      await spend(4, 1n);
      expect(await spent('hourly')).toEqual([2n, 1n]);
    });

    test('of amounts beyond 2^53 is exact to the nano-dollar', async () => {
      const million = 1_000_000_000_000_000n;
      for (let seq = 1; seq <= 11; seq += 1) await spend(seq, million - 1n);
      expect((await applied({ uid: 'first' })).budgets).toMatchObject([{ amount: 11n * million - 11n }]);
      expect(await spent('hourly')).toEqual([0n]);
      await spend(12, 20n);
      expect((await applied({ uid: 'second' })).budgets).toMatchObject([{ amount: 20n }]);
      await spend(13, million);
      await spend(14, 3n);
      const last = await applied({ uid: 'third', budgets: named(HOURLY, TOTAL) });
      expect(last.budgets).toMatchObject([{ amount: million + 3n }, { amount: 12n * million + 12n }]);
    });

    test('of a window that nobody has used yet changes nothing and is on record', async () => {
      await spend(1, 40n);
      await world().pass(HOUR);
      expect((await applied()).budgets).toEqual([
        { ...hourlyAt(world().nowMs()), spentBefore: 0n, amount: 0n, untilMs: null },
      ]);
      expect(
        (await applied({ uid: 'never', budgets: named(budget({ name: 'new', period: '1h' })) })).budgets,
      ).toMatchObject([{ name: 'new', amount: 0n }]);
      expect(await spent('hourly')).toEqual([40n]);
      await spend(2, 3n);
      expect(await spent('hourly')).toEqual([40n, 3n]);
    });

    test('that was asked for in an earlier window changes nothing, used since or not', async () => {
      await spend(1, 40n);
      const createdMs = world().nowMs();
      await world().pass(HOUR);
      expect(await adjust({ createdMs })).toEqual({ kind: 'window_over' });
      await spend(2, 5n);
      expect(await adjust({ createdMs })).toEqual({ kind: 'window_over' });
      expect(await spent('hourly')).toEqual([40n, 5n]);
      expect((await world().look(KEY)).adjustments).toEqual([]);
    });

    test('of all budgets is applied to those whose window it was asked for in', async () => {
      await spend(1, 40n);
      const createdMs = world().nowMs();
      await world().pass(HOUR);
      await spend(2, 5n);
      const outcome = await applied({ createdMs, budgets: named(HOURLY, TOTAL) });
      expect(outcome.budgets).toMatchObject([{ name: 'total', amount: 45n }]);
      expect([await spent('hourly'), await spent('total')]).toEqual([[40n, 5n], [0n]]);
    });

    test('by a clock ahead of the ledger\u2019s is of now', async () => {
      await spend(1, 40n);
      await applied({ createdMs: world().nowMs() + 2 * HOUR });
      expect(await spent('hourly')).toEqual([0n]);
    });
  });

  describe('a correction of what a sweep booked', () => {
    test('before a reset lowers what the reset took away, not what was spent since', async () => {
      const sent = await swept(1);
      await applied();
      await spend(2, 9n);
      await settle(sent, 30n);
      expect(await spent('hourly')).toEqual([9n]);
      expect(await spent('total')).toEqual([39n]);
      await world().pass(HOUR);
      await spend(3, 1n);
      expect(await spent('hourly')).toEqual([9n, 1n]);
    });

    test('before a reset leaves the window before as it was', async () => {
      await spend(1, 500n);
      await world().pass(HOUR);
      const sent = await swept(2);
      await applied();
      await settle(sent, 30n);
      expect(await spent('hourly')).toEqual([500n, 0n]);
    });

    test('after a reset lowers what was spent since', async () => {
      await spend(1, 500n);
      await applied();
      const sent = await swept(2);
      await settle(sent, 30n);
      expect(await spent('hourly')).toEqual([30n]);
      await world().pass(HOUR);
      await spend(3, 1n);
      expect(await spent('hourly')).toEqual([30n, 1n]);
    });

    test('of a call that was open when the window was reset lowers what was spent since', async () => {
      const sent = await open(1);
      await spend(2, 500n);
      await applied();
      await world().pass(2 * MINUTE);
      await world().store.ledger.sweep(10);
      expect(await spent('hourly')).toEqual([100n]);
      await settle(sent, 0n);
      expect(await spent('hourly')).toEqual([0n]);
    });
  });
}
