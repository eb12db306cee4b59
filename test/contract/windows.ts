import { beforeEach, expect, test } from 'vitest';
import type { ReserveOutcome } from '../../src/ports/ledger.ts';
import { budget, calendar, call, DAY, group, HOUR, NOON, SECOND, settleOf, subject } from '../gen/calls.ts';
import { admitted, done } from '../gen/ledger-world.ts';
import type { World } from './ledger.ts';

const KEY = subject('vkey', 'bot');
const TODAY = calendar('1d', NOON);

export function windowContract(world: World): void {
  beforeEach(() => world().compile(KEY));
  const reserve = (...args: Parameters<typeof call>): Promise<ReserveOutcome> =>
    world().store.ledger.reserve(call(...args));
  const spend = async (seq: number, amount: bigint): Promise<void> => {
    const nowMs = world().nowMs();
    await admitted(reserve(nowMs, { seq, amount: 1n }));
    await done(world().store.ledger.settle(settleOf(call(nowMs, { seq, amount: 1n }), amount)));
  };
  /** In steps, so that ledger time ends just at the instant. */
  const passTo = (ms: number): Promise<void> => world().pass(ms - world().nowMs());

  test('a new window starts at zero, the one before keeps its spend, older ones go', async () => {
    await spend(1, 400n);
    await world().pass(DAY);
    expect(await world().spent(KEY, 'daily')).toEqual([400n]);
    await spend(2, 30n);
    expect(await world().spent(KEY, 'daily')).toEqual([400n, 30n]);
    await world().pass(DAY);
    await spend(3, 2n);
    expect(await world().spent(KEY, 'daily')).toEqual([30n, 2n]);
    expect((await world().look(KEY)).totals).toEqual({ u: 432n });
  });

  test('an instant belongs to one window: the edge is the first of the next', async () => {
    const edge = Date.UTC(2026, 10, 26);
    await passTo(edge - 1);
    await spend(1, 5n);
    await passTo(edge);
    expect(await reserve(edge - 1, { seq: 2 })).toEqual({ kind: 'moved', nowMs: edge, window: null });
    await spend(3, 7n);
    expect(await world().spent(KEY, 'daily')).toEqual([5n, 7n]);
  });

  test('the first admission fixes the window, its definition and the instant from which it counts', async () => {
    await spend(1, 1n);
    const from = world().nowMs();
    expect((await world().look(KEY)).budgets['daily']).toMatchObject({
      window: TODAY,
      definition: 'def-1',
      countedFromMs: from,
    });
    await world().pass(DAY);
    await spend(2, 1n);
    expect((await world().look(KEY)).budgets['daily']).toMatchObject({
      window: calendar('1d', world().nowMs()),
      countedFromMs: from,
    });
  });

  test('a window that overlaps the ledger\u2019s is refused, and the answer gives the ledger\u2019s to adopt', async () => {
    await spend(1, 1n);
    const shifted = { startSeconds: TODAY.startSeconds + 3600, endSeconds: (TODAY.endSeconds ?? 0) + 3600 };
    const groups = [group({ budgets: [budget({ window: shifted })] })];
    expect(await reserve(world().nowMs(), { seq: 2, groups })).toEqual({
      kind: 'moved',
      nowMs: world().nowMs(),
      window: { subject: KEY, budget: 'daily', window: TODAY },
    });
    expect((await world().look(KEY)).held).toEqual({ u: 0n });
    expect(await world().spent(KEY, 'daily')).toEqual([1n]);
  });

  test('a window that does not contain ledger time is never opened, whatever from and until say', async () => {
    const tomorrow = calendar('1d', NOON + DAY);
    const groups = [group({ budgets: [budget({ window: tomorrow })] })];
    const lying = { groups, fromMs: NOON - SECOND, untilMs: NOON + SECOND };
    expect(await reserve(NOON, lying)).toEqual({ kind: 'moved', nowMs: NOON, window: null });
    expect((await world().look(KEY)).budgets).toEqual({});
  });

  test('another definition under a counted name is refused in words, at admission and at edit', async () => {
    await spend(1, 1n);
    await world().pass(DAY);
    const groups = [group({ budgets: [budget({ definition: 'def-2' })] })];
    const outcome = await reserve(world().nowMs(), { seq: 2, groups });
    expect(outcome).toMatchObject({ kind: 'misconfigured', what: expect.stringContaining('another definition') });
    const change = { subject: KEY, revision: '2', definitions: { daily: 'def-2', hourly: 'def-3' } };
    expect(await world().store.writer.edit(world().term, change)).toEqual({ kind: 'redefined', budgets: ['daily'] });
    expect((await world().look(KEY)).revision).toBe('1');
  });

  test('an edit with the counted definitions, or of budgets that were never counted, is done', async () => {
    await spend(1, 1n);
    const change = { subject: KEY, revision: '2', definitions: { daily: 'def-1', other: 'def-9' } };
    expect(await world().store.writer.edit(world().term, change)).toEqual({ kind: 'done' });
    expect((await world().look(KEY)).revision).toBe('2');
  });

  test('a late settle lands in the window of its admission, the new window open or not', async () => {
    const before = [
      call(NOON, { seq: 1, amount: 10n }),
      call(NOON, { seq: 2, amount: 10n }),
      call(NOON, { seq: 3, amount: 10n }),
    ];
    for (const one of before) await admitted(world().store.ledger.reserve(one));
    const [first, second, third] = before;
    await done(world().store.ledger.settle(settleOf(first!, 100n)));
    await world().pass(DAY);
    await done(world().store.ledger.settle(settleOf(second!, 20n)));
    await spend(4, 3n);
    await done(world().store.ledger.settle(settleOf(third!, 5n)));
    expect(await world().spent(KEY, 'daily')).toEqual([125n, 3n]);
  });

  test('a late settle moves the bases of its own counter only', async () => {
    const filtered = (seq: number): ReturnType<typeof call> =>
      call(world().nowMs(), {
        seq,
        amount: 1n,
        groups: [group(), group({ counter: 'f.big', budgets: [budget({ name: 'big' })] })],
      });
    const early = filtered(1);
    await admitted(world().store.ledger.reserve(early));
    await world().pass(DAY);
    const plain = call(world().nowMs(), { seq: 2, amount: 1n });
    const both = filtered(3);
    for (const one of [plain, both]) await admitted(world().store.ledger.reserve(one));
    await done(world().store.ledger.settle(settleOf(early, 50n)));
    await done(world().store.ledger.settle(settleOf(plain, 4n)));
    await done(world().store.ledger.settle(settleOf(both, 2n)));
    expect(await world().spent(KEY, 'daily')).toEqual([50n, 6n]);
    expect(await world().spent(KEY, 'big')).toEqual([50n, 2n]);
  });

  test('budgets of different lengths roll independently', async () => {
    const groups = [
      group({ budgets: [budget({ name: 'hourly', period: '1h' }), budget({ name: 'total', period: null })] }),
    ];
    for (const [seq, actual] of [
      [1, 10n],
      [2, 20n],
    ] as const) {
      const one = call(world().nowMs(), { seq, amount: 1n, groups });
      await admitted(world().store.ledger.reserve(one));
      await done(world().store.ledger.settle(settleOf(one, actual)));
      await world().pass(HOUR);
    }
    expect(await world().spent(KEY, 'hourly')).toEqual([10n, 20n]);
    expect(await world().spent(KEY, 'total')).toEqual([30n]);
  });

  test('an open window stays open when the clock steps back over its start', async () => {
    const edge = Date.UTC(2026, 10, 26);
    const late = call(edge - 1, { seq: 1, amount: 1n });
    await passTo(edge - 1);
    await admitted(world().store.ledger.reserve(late));
    await passTo(edge);
    await spend(2, 3n);
    await world().setClock(edge - 10 * SECOND);
    await done(world().store.ledger.settle(settleOf(late, 40n)));
    expect(await world().spent(KEY, 'daily')).toEqual([40n, 3n]);
  });
}
