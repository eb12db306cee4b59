import { beforeEach, describe, expect, test } from 'vitest';
import type { AppliedAdjustment } from '../../src/core/adjustment.ts';
import type { Adjustment, AdjustOutcome } from '../../src/ports/ledger-writer.ts';
import {
  budget,
  calendar,
  call,
  group,
  type GroupSpec,
  HOUR,
  KNOWN,
  MINUTE,
  NEW,
  NOON,
  settleOf,
  subject,
} from '../gen/calls.ts';
import { admitted, done, type LedgerHome } from '../gen/ledger-world.ts';
import type { World } from './ledger.ts';

const KEY = subject('vkey', 'bot');
const HOURLY = budget({ name: 'hourly', period: '1h', limit: null });
const TOTAL = budget({ name: 'total', period: null, limit: null });
const BIG = budget({ name: 'big', period: '1h', limit: null });
/** Two budgets on one counter, one with a counter of its own. */
const GROUPS: readonly GroupSpec[] = [group({ budgets: [HOURLY, TOTAL] }), group({ counter: 'f.big', budgets: [BIG] })];

export function adjustContract(world: World, make: () => Promise<LedgerHome>): void {
  beforeEach(() => world().compile(KEY));

  const one = (seq: number, atMs = world().nowMs()): ReturnType<typeof call> => call(atMs, { seq, groups: GROUPS });
  const open = async (seq: number): Promise<ReturnType<typeof call>> => {
    const sent = one(seq);
    await admitted(world().store.ledger.reserve(sent));
    return sent;
  };
  const settle = (sent: ReturnType<typeof call>, actual: bigint): Promise<void> =>
    done(world().store.ledger.settle(settleOf(sent, actual)));
  const spend = async (seq: number, amount: bigint): Promise<void> => settle(await open(seq), amount);
  const named = (...specs: readonly (typeof HOURLY)[]): Adjustment['budgets'] =>
    specs.map(({ name, period, definition }) => ({
      name,
      counter: name === 'big' ? 'f.big' : 'u',
      window: calendar(period, world().nowMs()),
      definition,
    }));
  const adjustment = (change: Partial<Adjustment> = {}): Adjustment => ({
    uid: 'uid-1',
    subject: KEY,
    createdMs: world().nowMs(),
    change: { type: 'Reset' },
    budgets: named(HOURLY),
    ...change,
  });
  const adjust = (change: Partial<Adjustment> = {}): Promise<AdjustOutcome> =>
    world().store.writer.adjust(world().term, adjustment(change));
  const applied = async (change: Partial<Adjustment> = {}): Promise<AppliedAdjustment> => {
    const outcome = await adjust(change);
    if (outcome.kind !== 'adjusted') throw new Error(`expected adjusted, got ${outcome.kind}`);
    return outcome.applied;
  };
  const swept = async (seq: number): Promise<ReturnType<typeof call>> => {
    const sent = call(world().nowMs(), { seq, amount: 100n, onLost: 80n, groups: GROUPS });
    await admitted(world().store.ledger.reserve(sent));
    await world().pass(2 * MINUTE);
    await world().store.ledger.sweep(10);
    return sent;
  };
  const spent = (name: string): Promise<bigint[]> => world().spent(KEY, name);

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
      expect((await applied()).budgets).toMatchObject([{ amount: 11n * million - 11n }]);
      expect(await spent('hourly')).toEqual([0n]);
      await spend(12, 5n);
      expect(await spent('hourly')).toEqual([5n]);
    });

    test('of a window that nobody has used yet changes nothing and is on record', async () => {
      await spend(1, 40n);
      await world().pass(HOUR);
      expect((await applied()).budgets).toEqual([
        { ...budgetOf('hourly', world().nowMs()), spentBefore: 0n, amount: 0n, untilMs: null },
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
      const sent = call(world().nowMs(), { seq: 1, amount: 100n, onLost: 80n, groups: GROUPS });
      await admitted(world().store.ledger.reserve(sent));
      await spend(2, 500n);
      await applied();
      await world().pass(2 * MINUTE);
      await world().store.ledger.sweep(10);
      expect(await spent('hourly')).toEqual([80n]);
      await settle(sent, 0n);
      expect(await spent('hourly')).toEqual([0n]);
    });
  });

  describe('a raise', () => {
    test('is recorded with its end and moves no spend', async () => {
      await spend(1, 40n);
      const endMs = NOON + 2 * HOUR;
      const outcome = await applied({ ...raise(endMs), budgets: named(HOURLY, TOTAL) });
      expect(outcome).toMatchObject({ type: 'Raise', appliedMs: world().nowMs() });
      expect(outcome.budgets).toEqual([
        { ...budgetOf('hourly', NOON), spentBefore: 40n, amount: 200n, untilMs: endMs },
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

function budgetOf(name: string, atMs: number): object {
  return { name, counter: 'u', startSeconds: calendar('1h', atMs).startSeconds };
}

function raise(until: 'WindowEnd' | number): Partial<Adjustment> {
  return { change: { type: 'Raise', amount: 200n, until } };
}
