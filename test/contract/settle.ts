import { beforeEach, expect, test } from 'vitest';
import type { ReserveOutcome, SettleOutcome } from '../../src/ports/ledger.ts';
import { call, DAY, group, MINUTE, NOON, settleOf, subject } from '../gen/calls.ts';
import { admitted, done } from '../gen/ledger-world.ts';
import type { World } from './ledger.ts';

const KEY = subject('vkey', 'bot');
const TEAM = subject('team', 'shop', 'platform');

export function settleContract(world: World): void {
  beforeEach(async () => {
    await world().compile(KEY);
    await world().compile(TEAM);
  });
  const reserve = (...args: Parameters<typeof call>): Promise<ReserveOutcome> =>
    world().store.ledger.reserve(call(...args));
  const settle = (...args: Parameters<typeof settleOf>): Promise<SettleOutcome> =>
    world().store.ledger.settle(settleOf(...args));
  const standing = async (): Promise<unknown> => {
    const { totals, held } = await world().look(KEY);
    return { total: totals['u'] ?? 0n, held: held['u'] ?? 0n };
  };

  test('replaces the hold by the actual cost at every subject, more or less than was held', async () => {
    const groups = [group(), group({ subject: TEAM, budgets: [] })];
    for (const [seq, actual] of [
      [1, 30n],
      [2, 7000n],
    ] as const) {
      await admitted(reserve(NOON, { seq, groups }));
      expect(await settle(call(NOON, { seq, groups }), actual)).toMatchObject({ kind: 'done' });
    }
    for (const who of [KEY, TEAM]) {
      const { totals, held } = await world().look(who);
      expect([totals, held]).toEqual([{ u: 7030n }, { u: 0n }]);
    }
  });

  test('applies once: the same again is a duplicate, another amount a conflict that shows what is recorded', async () => {
    await admitted(reserve(NOON));
    await done(settle(call(NOON), 30n));
    expect(await settle(call(NOON), 30n)).toEqual({ kind: 'duplicate' });
    expect(await settle(call(NOON), 31n)).toEqual({ kind: 'conflict', recorded: '=30' });
    expect(await settle(call(NOON), 0n)).toEqual({ kind: 'conflict', recorded: '=30' });
    expect(await standing()).toEqual({ total: 30n, held: 0n });
  });

  test('every write has the next position of one incarnation', async () => {
    const positions: unknown[] = [];
    for (const seq of [1, 2, 3]) {
      await admitted(reserve(NOON, { seq }));
      const outcome = await settle(call(NOON, { seq }), 1n);
      positions.push(outcome.kind === 'done' ? outcome.position : outcome);
    }
    const [first] = positions as [{ incarnation: string }];
    expect(positions).toEqual([1, 2, 3].map((count) => ({ incarnation: first.incarnation, count })));
    expect(first.incarnation).not.toBe('');
  });

  test('a release gives the hold back and leaves no cost', async () => {
    await admitted(reserve(NOON));
    expect(await settle(call(NOON), 0n)).toMatchObject({ kind: 'done' });
    expect(await standing()).toEqual({ total: 0n, held: 0n });
    expect(await settle(call(NOON), 0n)).toEqual({ kind: 'duplicate' });
  });

  test('a release of an unknown id leaves a void that a delayed reserve cannot open', async () => {
    expect(await settle(call(NOON), 0n)).toMatchObject({ kind: 'done' });
    expect(await settle(call(NOON), 0n)).toEqual({ kind: 'duplicate' });
    expect(await reserve(NOON)).toEqual({ kind: 'conflict' });
    expect(await standing()).toEqual({ total: 0n, held: 0n });
  });

  test('a cost for a voided id is charged in full, once, without releasing anything', async () => {
    await admitted(reserve(NOON, { seq: 2, amount: 5n }));
    await done(settle(call(NOON), 0n));
    await done(settle(call(NOON), 44n));
    expect(await settle(call(NOON), 44n)).toEqual({ kind: 'duplicate' });
    expect(await standing()).toEqual({ total: 44n, held: 5n });
  });

  test('a cost for an unknown id is charged in full, once', async () => {
    await done(settle(call(NOON, { seq: 9 }), 44n));
    expect(await settle(call(NOON, { seq: 9 }), 44n)).toEqual({ kind: 'duplicate' });
    expect(await reserve(NOON, { seq: 9 })).toEqual({ kind: 'conflict' });
    expect(await standing()).toEqual({ total: 44n, held: 0n });
  });

  test('another call under an open id is a conflict without effect', async () => {
    await admitted(reserve(NOON));
    const other = call(NOON, { groups: [group(), group({ subject: TEAM })] });
    expect(await settle(other, 5n)).toMatchObject({ kind: 'conflict' });
    expect(await standing()).toEqual({ total: 0n, held: 100n });
    expect((await world().look(TEAM)).totals).toEqual({});
  });

  test('releases what is stored, not what the settle says was held', async () => {
    await admitted(reserve(NOON));
    await world().store.ledger.beat('proxy-1', [1], [{ seq: 1, amount: 250n }]);
    await done(settle(call(NOON), 10n));
    expect(await standing()).toEqual({ total: 10n, held: 0n });
  });

  test('an id at or under the low-water mark is resolved for ever: neither charged nor opened again', async () => {
    for (let seq = 1; seq <= 80; seq += 1) {
      await admitted(reserve(NOON, { seq, amount: 1n }));
      await done(settle(call(NOON, { seq, amount: 1n }), 2n, { low: seq - 1 }));
    }
    // A fresh process of the same installation forgets nothing either: what counts is in the ledger.
    expect(await settle(call(NOON, { seq: 10 }), 999n)).toEqual({ kind: 'duplicate' });
    expect(await settle(call(NOON, { seq: 10 }), 0n)).toEqual({ kind: 'duplicate' });
    expect(await reserve(NOON, { seq: 10, amount: 1n })).toEqual({ kind: 'conflict' });
    expect(await settle(call(NOON, { seq: 80, amount: 1n }), 2n)).toEqual({ kind: 'duplicate' });
    expect(await standing()).toEqual({ total: 160n, held: 0n });
  });

  test('an open hold stays open although its proxy claims that it is resolved', async () => {
    await admitted(reserve(NOON, { seq: 1 }));
    await admitted(reserve(NOON, { seq: 2 }));
    await done(settle(call(NOON, { seq: 2 }), 1n, { low: 500 }));
    expect(await standing()).toEqual({ total: 1n, held: 100n });
    await done(settle(call(NOON, { seq: 1 }), 4n));
    expect(await standing()).toEqual({ total: 5n, held: 0n });
  });

  test('a call admitted more than seven days ago is never applied', async () => {
    const one = call(NOON, { seq: 1 });
    const two = call(NOON, { seq: 2 });
    await world().leap(7 * DAY);
    expect(await settle(one, 5n)).toMatchObject({ kind: 'done' });
    await world().leap(1);
    expect(await settle(two, 5n)).toEqual({ kind: 'too_old' });
    expect(await standing()).toEqual({ total: 5n, held: 0n });
  });

  test('settling needs no present specification: an inactive subject pays, an unattended ledger books', async () => {
    await admitted(reserve(NOON));
    await world().compile(KEY, '!2');
    await world().leap(2 * DAY);
    await done(settle(call(NOON), 12n));
    expect(await standing()).toEqual({ total: 12n, held: 0n });
  });

  test('amounts beyond 2^53 stay exact to the nano-dollar', async () => {
    const million = 1_000_000_000_000_000n;
    for (let seq = 1; seq <= 20; seq += 1) await done(settle(call(NOON, { seq }), million - BigInt(seq % 2)));
    expect(await standing()).toEqual({ total: 20n * million - 10n, held: 0n });
  });

  test('the figure of the call replaces what a sweep booked, by the difference, in either direction', async () => {
    for (const seq of [1, 2, 3, 4]) await admitted(reserve(NOON, { seq, amount: 100n, onLost: 60n }));
    await world().pass(2 * MINUTE);
    expect(await world().store.ledger.sweep(10)).toMatchObject({ kind: 'swept', booked: [{}, {}, {}, {}] });
    expect(await standing()).toEqual({ total: 240n, held: 0n });
    const [first, second, third, fourth] = [1, 2, 3, 4].map((seq) => call(NOON, { seq, amount: 100n, onLost: 60n }));
    await done(settle(first!, 90n));
    await done(settle(second!, 10n));
    await done(settle(third!, 60n));
    await done(settle(fourth!, 0n));
    expect(await settle(second!, 10n)).toEqual({ kind: 'duplicate' });
    expect(await settle(second!, 11n)).toEqual({ kind: 'conflict', recorded: '=10' });
    expect(await world().spent(KEY, 'daily')).toEqual([90n + 10n + 60n]);
    const { totals, credits } = await world().look(KEY);
    expect((totals['u'] ?? 0n) - (credits['u'] ?? 0n)).toBe(160n);
  });

  test('a correction lowers only the windows of the admission: neither the one before nor the one after', async () => {
    const spend = async (seq: number, actual: bigint): Promise<void> => {
      const one = call(world().nowMs(), { seq });
      await admitted(world().store.ledger.reserve(one));
      await done(settle(one, actual));
    };
    await spend(1, 300n);
    await world().pass(DAY);
    await spend(2, 200n);
    const swept = call(world().nowMs(), { seq: 3, amount: 100n, onLost: 80n });
    await admitted(world().store.ledger.reserve(swept));
    await world().pass(2 * MINUTE);
    await world().store.ledger.sweep(10);
    expect(await world().spent(KEY, 'daily')).toEqual([300n, 280n]);
    await done(settle(swept, 50n));
    expect(await world().spent(KEY, 'daily')).toEqual([300n, 250n]);

    const late = call(world().nowMs(), { seq: 4, amount: 100n, onLost: 80n });
    await admitted(world().store.ledger.reserve(late));
    await world().pass(2 * MINUTE);
    await world().store.ledger.sweep(10);
    await world().pass(DAY);
    await spend(5, 7n);
    await done(settle(late, 0n));
    expect(await world().spent(KEY, 'daily')).toEqual([250n, 7n]);
  });
}
