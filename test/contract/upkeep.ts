import { beforeEach, expect, test } from 'vitest';
import type { ReserveOutcome } from '../../src/ports/ledger.ts';
import { call, DAY, HOUR, MINUTE, NOON, SECOND, settleOf, subject } from '../gen/calls.ts';
import { admitted, done } from '../gen/ledger-world.ts';
import type { World } from './ledger.ts';

const KEY = subject('vkey', 'bot');

export function upkeepContract(world: World): void {
  beforeEach(() => world().compile(KEY));
  const reserve = (...args: Parameters<typeof call>): Promise<ReserveOutcome> =>
    world().store.ledger.reserve(call(...args));
  const ledger = (): ReturnType<World>['store']['ledger'] => world().store.ledger;
  const standing = async (): Promise<unknown> => {
    const { totals, held } = await world().look(KEY);
    return { total: totals['u'] ?? 0n, held: held['u'] ?? 0n };
  };
  const sweptSeqs = async (limit = 100): Promise<unknown> => {
    const outcome = await ledger().sweep(limit);
    return outcome.kind === 'swept' ? outcome.booked.map(({ id, booked }) => [id.proxy, id.seq, booked]) : outcome;
  };

  test('a beat names the ids that are not open: never known, settled, voided and swept ones', async () => {
    for (const seq of [1, 2, 3]) await admitted(reserve(NOON, { seq }));
    await done(ledger().settle(settleOf(call(NOON, { seq: 2 }), 1n)));
    await done(ledger().settle(settleOf(call(NOON, { seq: 4 }), 0n)));
    const outcome = await ledger().beat('proxy-1', [1, 2, 3, 4, 5], []);
    expect(outcome).toEqual({ kind: 'beat', nowMs: NOON, unknown: [2, 4, 5] });
    expect(await ledger().beat('nobody', [1], [])).toMatchObject({ unknown: [1] });
    expect(await ledger().beat('nobody', [], [])).toMatchObject({ kind: 'beat', unknown: [] });
  });

  test('a beat with more ids than one step takes answers for all of them', async () => {
    await admitted(reserve(NOON, { seq: 1200 }));
    const open = Array.from({ length: 1300 }, (_, i) => i + 1);
    expect(await ledger().beat('proxy-1', open, [])).toMatchObject({ unknown: open.filter((seq) => seq !== 1200) });
  });

  test('a beat raises a hold and what a sweep would book, and lowers neither', async () => {
    await admitted(reserve(NOON, { amount: 100n, onLost: 40n }));
    await ledger().beat('proxy-1', [1], [{ seq: 1, amount: 70n }]);
    expect(await standing()).toEqual({ total: 0n, held: 100n });
    await ledger().beat('proxy-1', [1], [{ seq: 1, amount: 170n }]);
    await ledger().beat(
      'proxy-1',
      [1],
      [
        { seq: 1, amount: 20n },
        { seq: 99, amount: 5n },
      ],
    );
    expect(await standing()).toEqual({ total: 0n, held: 170n });
    await world().pass(2 * MINUTE);
    expect(await sweptSeqs()).toEqual([['proxy-1', 1, 170n]]);
    expect(await standing()).toEqual({ total: 170n, held: 0n });
  });

  test('the last of several raises of one hold in one beat counts once', async () => {
    await admitted(reserve(NOON));
    const raises = [150n, 300n, 200n].map((amount) => ({ seq: 1, amount }));
    await ledger().beat('proxy-1', [1], raises);
    expect(await standing()).toEqual({ total: 0n, held: 300n });
  });

  test('a sweep books what is lost, once, when the deadline of a silent proxy has passed', async () => {
    await admitted(reserve(NOON, { seq: 1, amount: 100n, onLost: 60n }));
    await admitted(reserve(NOON, { seq: 2, amount: 100n, onLost: 0n }));
    await admitted(reserve(NOON, { proxy: 'proxy-2', seq: 1 }));
    await world().pass(59_999);
    await ledger().beat('proxy-2', [1], []);
    expect(await sweptSeqs()).toEqual([]);
    await world().pass(1);
    expect(new Set((await sweptSeqs()) as unknown[])).toEqual(
      new Set([
        ['proxy-1', 1, 60n],
        ['proxy-1', 2, 0n],
      ]),
    );
    expect(await standing()).toEqual({ total: 60n, held: 100n });
    expect(await sweptSeqs()).toEqual([]);
    expect(await ledger().beat('proxy-1', [1, 2], [])).toMatchObject({ unknown: [1, 2] });
  });

  test('a proxy that beats keeps its holds; when it falls silent they go a deadline later', async () => {
    await admitted(reserve(NOON));
    for (let i = 0; i < 6; i += 1) {
      await world().pass(20 * SECOND);
      await ledger().beat('proxy-1', [1], []);
      expect(await sweptSeqs()).toEqual([]);
    }
    await world().pass(MINUTE);
    expect(await sweptSeqs()).toEqual([['proxy-1', 1, 100n]]);
  });

  test('a proxy that was swept and reserves again is swept again', async () => {
    await admitted(reserve(NOON, { seq: 1 }));
    await world().pass(MINUTE);
    await ledger().sweep(10);
    await admitted(reserve(world().nowMs(), { seq: 2 }));
    await world().pass(MINUTE - 1);
    expect(await sweptSeqs()).toEqual([]);
    await world().pass(1);
    expect(await sweptSeqs()).toEqual([['proxy-1', 2, 100n]]);
  });

  test('a hold ends two hours after its admission however alive its proxy is, younger ones stay', async () => {
    await admitted(reserve(NOON, { seq: 1 }));
    const beatFor = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 20 * SECOND) {
        await world().pass(20 * SECOND);
        await ledger().beat('proxy-1', [1, 2], []);
      }
    };
    await beatFor(HOUR);
    await admitted(reserve(world().nowMs(), { seq: 2 }));
    await beatFor(HOUR - 20 * SECOND);
    expect(await sweptSeqs()).toEqual([]);
    await beatFor(20 * SECOND);
    expect(await sweptSeqs()).toEqual([['proxy-1', 1, 100n]]);
    await beatFor(HOUR - 20 * SECOND);
    expect(await sweptSeqs()).toEqual([]);
    await beatFor(20 * SECOND);
    expect(await sweptSeqs()).toEqual([['proxy-1', 2, 100n]]);
  });

  test('a sweep books at most its limit and goes on where it stopped', async () => {
    for (let seq = 1; seq <= 250; seq += 1) {
      const proxy = `proxy-${seq % 2}`;
      await admitted(reserve(NOON, { proxy, seq, amount: 1n }));
    }
    await world().pass(MINUTE);
    const counts: number[] = [];
    for (const limit of [30, 150, 500, 500]) {
      const outcome = await ledger().sweep(limit);
      counts.push(outcome.kind === 'swept' ? outcome.booked.length : -1);
    }
    expect(counts).toEqual([30, 150, 70, 0]);
    expect(await standing()).toEqual({ total: 250n, held: 0n });
  });

  test('a sweep lands in the window of the admission as well', async () => {
    await world().pass(Date.UTC(2026, 10, 26) - 30 * SECOND - NOON);
    await admitted(reserve(world().nowMs(), { seq: 1, amount: 100n, onLost: 60n }));
    await world().pass(40 * SECOND);
    const next = call(world().nowMs(), { proxy: 'proxy-2', seq: 1 });
    await admitted(ledger().reserve(next));
    await done(ledger().settle(settleOf(next, 5n)));
    await world().pass(30 * SECOND);
    expect(await sweptSeqs()).toEqual([['proxy-1', 1, 60n]]);
    expect(await world().spent(KEY, 'daily')).toEqual([60n, 5n]);
  });

  test('sweeping rests for one deadline after ledger time leapt, so that the proxies can come back first', async () => {
    await admitted(reserve(NOON));
    await world().leap(90 * SECOND);
    const leaptAt = world().nowMs();
    expect(await ledger().sweep(10)).toEqual({ kind: 'paused', untilMs: leaptAt + MINUTE });
    await world().pass(59 * SECOND);
    expect(await ledger().sweep(10)).toEqual({ kind: 'paused', untilMs: leaptAt + MINUTE });
    await ledger().beat('proxy-1', [1], []);
    await world().pass(SECOND);
    expect(await sweptSeqs()).toEqual([]);
  });

  test('the leap is noticed by whichever operation writes first', async () => {
    await admitted(reserve(NOON));
    await world().leap(90 * SECOND);
    await done(ledger().settle(settleOf(call(NOON, { seq: 5 }), 1n)));
    expect(await ledger().sweep(10)).toMatchObject({ kind: 'paused' });
  });

  test('a proxy silent for seven days is forgotten: none of its calls could be settled any more', async () => {
    await admitted(reserve(NOON, { seq: 1 }));
    await world().pass(MINUTE);
    await ledger().sweep(10);
    await world().leap(7 * DAY);
    await world().pass(3 * MINUTE);
    expect(await reserve(world().nowMs(), { seq: 1 })).toEqual({ kind: 'conflict' });
    await ledger().sweep(10);
    await admitted(reserve(world().nowMs(), { seq: 1 }));
  });

  test('ledger time never goes back behind what was stored', async () => {
    await world().pass(10 * SECOND);
    const latest = world().nowMs();
    await world().setClock(NOON - HOUR);
    expect(await ledger().read([])).toEqual({ kind: 'read', nowMs: latest, subjects: [] });
    expect(await reserve(NOON, { untilMs: NOON + SECOND })).toEqual({ kind: 'moved', nowMs: latest, window: null });
    await admitted(reserve(latest));
    expect(await ledger().beat('proxy-1', [1], [])).toMatchObject({ nowMs: latest });
  });

  test('a read of a subject that was never compiled has no revision and no amounts', async () => {
    const nobody = subject('user', 'nobody');
    expect(await world().look(nobody)).toEqual({
      subject: nobody,
      revision: null,
      totals: {},
      held: {},
      credits: {},
      budgets: {},
      adjustments: [],
    });
  });

  test('many subjects are read in the order asked', async () => {
    const many = Array.from({ length: 230 }, (_, i) => subject('user', `user-${i}`));
    const outcome = await ledger().read([...many, KEY]);
    const found = outcome.kind === 'read' ? outcome.subjects : [];
    expect(found.map((one) => one.subject)).toEqual([...many, KEY]);
    expect(found.at(-1)?.revision).toBe('1');
  });
}
