import { beforeEach, expect, test } from 'vitest';
import { MAX_CALL_NANOS } from '../../src/core/money.ts';
import type { ReserveOutcome } from '../../src/ports/ledger.ts';
import { budget, call, DAY, group, HOUR, NOON, SECOND, settleOf, subject } from '../gen/calls.ts';
import { admitted, done } from '../gen/ledger-world.ts';
import type { World } from './ledger.ts';

const KEY = subject('vkey', 'bot');
const TEAM = subject('team', 'shop', 'platform');

function refusal(outcome: ReserveOutcome): unknown {
  return outcome.kind === 'refused' ? outcome.refusal : outcome.kind;
}

export function reserveContract(world: World): void {
  beforeEach(async () => {
    await world().compile(KEY);
    await world().compile(TEAM);
  });
  const reserve = (...args: Parameters<typeof call>): Promise<ReserveOutcome> =>
    world().store.ledger.reserve(call(...args));

  test('holds the amount at every subject and says what is left at the tightest budget of each', async () => {
    const groups = [
      group({ budgets: [budget({ limit: 1000n }), budget({ name: 'monthly', period: '1mo', limit: 900n })] }),
      group({ subject: TEAM, budgets: [budget({ limit: null })] }),
    ];
    const outcome = await admitted(reserve(NOON, { amount: 100n, groups }));
    expect(outcome.left).toEqual([{ subject: KEY, budget: 'monthly', left: 800n, limit: 900n, spent: 0n }, null]);
    expect((await world().look(KEY)).held).toEqual({ u: 100n });
    expect((await world().look(TEAM)).held).toEqual({ u: 100n });
  });

  test('names the tightest budget exactly although Allow and Deny are compared differently', async () => {
    const groups = [
      group({
        budgets: [
          budget({ name: 'soft', limit: 590n, overdraft: 'Allow' }),
          budget({ name: 'hard', limit: 600n, overdraft: 'Deny' }),
        ],
      }),
    ];
    const { left } = await admitted(reserve(NOON, { amount: 500n, groups }));
    expect(left[0]).toMatchObject({ budget: 'soft', left: 90n });
  });

  test('answers ledger time', async () => {
    expect(await reserve(NOON)).toMatchObject({ kind: 'admitted', nowMs: NOON });
  });

  test('one refusing budget leaves nothing anywhere: no hold, no window, no id', async () => {
    const full = [group(), group({ subject: TEAM, budgets: [budget({ limit: 99n })] })];
    expect(refusal(await reserve(NOON, { seq: 7, groups: full }))).toMatchObject({ subject: TEAM, budget: 'daily' });
    for (const who of [KEY, TEAM]) {
      const { held, budgets } = await world().look(who);
      expect([held['u'] ?? 0n, Object.keys(budgets)]).toEqual([0n, []]);
    }
    expect(await reserve(NOON, { seq: 7, amount: 50n, groups: full })).toMatchObject({ kind: 'admitted' });
  });

  test('Deny admits up to the limit and not one nano-dollar more', async () => {
    await admitted(reserve(NOON, { seq: 1, amount: 600n }));
    expect(await reserve(NOON, { seq: 2, amount: 401n })).toMatchObject({ kind: 'refused' });
    await admitted(reserve(NOON, { seq: 3, amount: 400n }));
    expect(await reserve(NOON, { seq: 4, amount: 1n })).toMatchObject({ kind: 'refused' });
  });

  test('Allow admits any hold while less than the limit is spent and held', async () => {
    const groups = [group({ budgets: [budget({ overdraft: 'Allow' })] })];
    await admitted(reserve(NOON, { seq: 1, amount: 999n, groups }));
    await admitted(reserve(NOON, { seq: 2, amount: 5000n, groups }));
    expect(await reserve(NOON, { seq: 3, amount: 0n, groups })).toMatchObject({ kind: 'refused' });
  });

  test('says exhausted, too_large or reserved, with the figures of the refusing budget', async () => {
    const groups = [group({ budgets: [budget({ limit: 100n })] })];
    const midnight = Date.UTC(2026, 10, 26);
    expect(refusal(await reserve(NOON, { seq: 1, amount: 101n, groups }))).toEqual({
      reason: 'too_large',
      subject: KEY,
      budget: 'daily',
      spent: 0n,
      held: 0n,
      limit: 100n,
      hold: 101n,
      resetsAtMs: midnight,
    });
    await admitted(reserve(NOON, { seq: 2, amount: 60n, groups }));
    expect(refusal(await reserve(NOON, { seq: 3, amount: 60n, groups }))).toMatchObject({
      reason: 'reserved',
      held: 60n,
    });
    await done(world().store.ledger.settle(settleOf(call(NOON, { seq: 2, amount: 60n, groups }), 100n)));
    expect(refusal(await reserve(NOON, { seq: 4, amount: 60n, groups }))).toMatchObject({
      reason: 'exhausted',
      spent: 100n,
      held: 0n,
    });
  });

  test('of several refusing budgets names the one that waiting does not cure', async () => {
    const groups = [
      group({ budgets: [budget({ limit: 50n }), budget({ name: 'total', period: null, limit: 40n })] }),
      group({ subject: TEAM, budgets: [budget({ limit: 150n })] }),
    ];
    await admitted(reserve(NOON, { seq: 1, amount: 100n, groups: [group({ subject: TEAM, budgets: [] })] }));
    expect(refusal(await reserve(NOON, { seq: 2, amount: 60n, groups }))).toMatchObject({
      subject: KEY,
      budget: 'total',
      reason: 'too_large',
      resetsAtMs: null,
    });
  });

  test('a budget without a limit counts and never refuses, whatever is spent', async () => {
    const groups = [group({ budgets: [budget({ limit: null })] })];
    for (let seq = 1; seq <= 10; seq += 1) {
      await admitted(reserve(NOON, { seq, groups }));
      await done(world().store.ledger.settle(settleOf(call(NOON, { seq, groups }), MAX_CALL_NANOS)));
    }
    expect(await world().spent(KEY, 'daily')).toEqual([10n * MAX_CALL_NANOS]);
    await admitted(reserve(NOON, { seq: 11, groups }));
  });

  test('a free call passes an exhausted budget, a zero hold of a priced call does not', async () => {
    const groups = [group({ budgets: [budget({ limit: 0n, overdraft: 'Allow' })] })];
    expect(await reserve(NOON, { seq: 1, amount: 0n, groups })).toMatchObject({ kind: 'refused' });
    await admitted(reserve(NOON, { seq: 2, amount: 0n, groups, free: true }));
  });

  test('a subject without budgets still has its total', async () => {
    const groups = [group({ budgets: [] })];
    expect((await admitted(reserve(NOON, { groups }))).left).toEqual([null]);
    await done(world().store.ledger.settle(settleOf(call(NOON, { groups }), 42n)));
    expect((await world().look(KEY)).totals).toEqual({ u: 42n });
  });

  test('a filtered budget has a counter of its own, for holds as well', async () => {
    const filtered = group({ counter: 'f.big', budgets: [budget({ name: 'big', limit: 100n })] });
    await admitted(reserve(NOON, { seq: 1, amount: 90n, groups: [group({ budgets: [] })] }));
    await admitted(reserve(NOON, { seq: 2, amount: 90n, groups: [group({ budgets: [] }), filtered] }));
    expect((await world().look(KEY)).held).toEqual({ u: 180n, 'f.big': 90n });
    await done(
      world().store.ledger.settle(settleOf(call(NOON, { seq: 2, groups: [group({ budgets: [] }), filtered] }), 7n)),
    );
    expect(await world().spent(KEY, 'big')).toEqual([7n]);
    expect((await world().look(KEY)).totals).toEqual({ u: 7n, 'f.big': 7n });
  });

  test('the same id and content is admitted again with one hold, also when it was raised since', async () => {
    const first = await reserve(NOON);
    expect(await reserve(NOON)).toEqual(first);
    await world().store.ledger.beat('proxy-1', [1], [{ seq: 1, amount: 300n }]);
    expect(await reserve(NOON)).toMatchObject({ kind: 'admitted', left: [{ left: 700n }] });
    expect((await world().look(KEY)).held).toEqual({ u: 300n });
  });

  test('a repeated reserve is admitted again although the budget is full, revoked or over by now', async () => {
    await admitted(reserve(NOON, { amount: 1000n }));
    await world().compile(KEY, '!2');
    await world().pass(DAY);
    await admitted(reserve(NOON, { amount: 1000n }));
  });

  test('a known id with other content is a conflict without effect', async () => {
    await admitted(reserve(NOON));
    expect(await reserve(NOON, { amount: 101n })).toEqual({ kind: 'conflict' });
    expect(await reserve(NOON, { groups: [group(), group({ subject: TEAM })] })).toEqual({ kind: 'conflict' });
    expect((await world().look(KEY)).held).toEqual({ u: 100n });
    await done(world().store.ledger.settle(settleOf(call(NOON), 5n)));
    expect(await reserve(NOON)).toEqual({ kind: 'conflict' });
    expect((await world().look(KEY)).held).toEqual({ u: 0n });
  });

  test('outside [from, until) nothing happens and the answer carries ledger time', async () => {
    const early = await reserve(NOON, { fromMs: NOON + 1, untilMs: NOON + 5 * SECOND });
    const late = await reserve(NOON, { fromMs: NOON - 5 * SECOND, untilMs: NOON });
    expect([early, late]).toEqual([
      { kind: 'moved', nowMs: NOON, window: null },
      { kind: 'moved', nowMs: NOON, window: null },
    ]);
    await admitted(reserve(NOON, { fromMs: NOON, untilMs: NOON + 1 }));
  });

  test('another revision of the platform or of a subject is stale and names which', async () => {
    expect(await reserve(NOON, { platformRevision: 'other' })).toEqual({ kind: 'stale', nowMs: NOON, which: null });
    await world().compile(TEAM, '2');
    const groups = [group(), group({ subject: TEAM })];
    expect(await reserve(NOON, { groups })).toEqual({ kind: 'stale', nowMs: NOON, which: TEAM });
    await admitted(reserve(NOON, { groups: [group(), group({ subject: TEAM, revision: '2' })] }));
  });

  test('an inactive revision refuses every call, also one that was compiled with it', async () => {
    await world().compile(KEY, '!2');
    expect(await reserve(NOON, { groups: [group({ revision: '!2' })] })).toMatchObject({ kind: 'stale', which: KEY });
    expect(await reserve(NOON, { groups: [group({ revision: '2' })] })).toMatchObject({ kind: 'stale', which: KEY });
  });

  test('a subject that the ledger does not know is cold, never at zero', async () => {
    const groups = [group(), group({ subject: subject('user', 'nobody') })];
    expect(await reserve(NOON, { groups })).toEqual({ kind: 'cold' });
  });

  test('nothing is admitted once nobody renewed the lease for a day', async () => {
    await world().leap(DAY - 1);
    await admitted(reserve(world().nowMs(), { seq: 1 }));
    await world().leap(1);
    expect(await reserve(world().nowMs(), { seq: 2 })).toEqual({ kind: 'unattended' });
    await done(world().store.writer.renewLease(world().term));
    await admitted(reserve(world().nowMs(), { seq: 3 }));
  });

  test('untrusted customer ids are subjects like any other', async () => {
    const odd = subject('customer', 'a|b;c,d/{e}:ä "', 'shop');
    await world().compile(odd);
    const groups = [group({ subject: odd })];
    await admitted(reserve(NOON, { groups }));
    await done(world().store.ledger.settle(settleOf(call(NOON, { groups }), 9n)));
    expect(await world().spent(odd, 'daily')).toEqual([9n]);
  });

  test('what is held counts in the new window too', async () => {
    await admitted(reserve(NOON, { seq: 1, amount: 800n }));
    for (let hour = 0; hour < 12; hour += 1) {
      await world().store.ledger.beat('proxy-1', [1], []);
      await world().pass(HOUR);
    }
    const outcome = await reserve(world().nowMs(), { seq: 2, amount: 300n });
    expect(refusal(outcome)).toMatchObject({ reason: 'reserved', spent: 0n, held: 800n });
  });
}
