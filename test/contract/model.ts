import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HoldId } from '../../src/core/hold.ts';
import { spentByWindow } from '../../src/core/ledger-fields.ts';
import type { ReserveCall } from '../../src/ports/ledger.ts';
import type { Adjustment } from '../../src/ports/ledger-writer.ts';
import {
  budget,
  type BudgetSpec,
  calendar,
  call,
  group,
  type GroupSpec,
  NOON,
  SECOND,
  settleOf,
  subject,
} from '../gen/calls.ts';
import { counterOf, createLedgerOracle, type LedgerOracle } from '../gen/ledger-oracle.ts';
import { type LedgerHome, type LedgerWorld, startWorld } from '../gen/ledger-world.ts';

/*
 * Random lives of a ledger against a bookkeeper with one counter per budget and window: short windows, two proxies,
 * a subject with a filtered budget, duplicates, late and unknown settles, beats, sweeps, resets and time.
 */

const KEY: GroupSpec = group({
  subject: subject('vkey', 'bot'),
  budgets: [
    budget({ name: 'five', period: '5m', limit: 400n }),
    budget({ name: 'total', period: null, limit: 3000n, overdraft: 'Allow' }),
  ],
});
const BIG: GroupSpec = group({
  subject: subject('vkey', 'bot'),
  counter: 'f.big',
  budgets: [budget({ name: 'big', period: '5m', limit: 250n })],
});
const TEAM: GroupSpec = group({
  subject: subject('team', 'shop'),
  budgets: [
    budget({ name: 'quarter', period: '15m', limit: 700n, overdraft: 'Allow' }),
    budget({ name: 'watch', period: '1m', limit: null }),
  ],
});
const USER: GroupSpec = group({ subject: subject('user', 'alice'), budgets: [] });
const SHAPES: readonly (readonly GroupSpec[])[] = [[KEY], [KEY, BIG, TEAM], [KEY, TEAM, USER], [TEAM], [USER]];
const ALL: readonly GroupSpec[] = [KEY, BIG, TEAM, USER];

function oracle(): LedgerOracle {
  const budgets = ALL.flatMap((one) => one.budgets.map((spec) => oracleBudget(one, spec)));
  return createLedgerOracle(NOON, budgets);
}

function oracleBudget(one: GroupSpec, { name, period }: BudgetSpec): Parameters<typeof createLedgerOracle>[1][number] {
  return { counter: counterOf(one), budget: name, windowStart: (atMs) => calendar(period, atMs).startSeconds };
}

/** What was sent so far, by the model's own order. */
interface Model {
  readonly oracle: LedgerOracle;
  readonly calls: ReserveCall[];
  readonly seqs: Map<string, number>;
}

type Step = fc.AsyncCommand<Model, LedgerWorld>;

function step(label: string, run: Step['run'], check: (model: Readonly<Model>) => boolean = () => true): Step {
  return { check, run, toString: () => label };
}

const proxies = fc.constantFrom('proxy-1', 'proxy-2');
const amounts = fc.bigInt(0n, 300n);

const reserveStep = fc
  .record({ proxy: proxies, shape: fc.nat(SHAPES.length - 1), amount: amounts, onLost: amounts })
  .map(({ proxy, shape, amount, onLost }) =>
    step(`reserve(${proxy}, shape ${shape}, ${amount}, lost ${onLost})`, async (model, world) => {
      const seq = (model.seqs.get(proxy) ?? 0) + 1;
      model.seqs.set(proxy, seq);
      const groups = SHAPES[shape] ?? [];
      const sent = call(model.oracle.nowMs(), { proxy, seq, amount, onLost, groups });
      model.calls.push(sent);
      const outcome = await world.store.ledger.reserve(sent);
      expect(outcome.kind).toBe(model.oracle.reserve(sent));
      if (outcome.kind !== 'refused') return;
      const { refusal } = outcome;
      const counter = refusal.budget === 'big' ? 'f.big' : 'u';
      const name = counterOf({ subject: refusal.subject, counter });
      const spec = ALL.flatMap((one) => one.budgets).find((one) => one.name === refusal.budget);
      const { startSeconds } = calendar(spec?.period ?? null, model.oracle.nowMs());
      expect(refusal).toMatchObject({
        spent: model.oracle.spent(name, refusal.budget, startSeconds),
        held: model.oracle.held(name),
        hold: amount,
      });
    }),
  );

const againStep = fc.nat(50).map((pick) =>
  step(
    `reserve again(${pick})`,
    async (model, world) => {
      const sent = pickCall(model, pick);
      // A call that was refused before is a new call; it would have to be computed for the present windows.
      if (!isKnown(model, sent.id)) return;
      expect((await world.store.ledger.reserve(sent)).kind).toBe(model.oracle.reserve(sent));
    },
    (model) => model.calls.length > 0,
  ),
);

const settleStep = fc
  .record({ pick: fc.nat(50), actual: fc.bigInt(0n, 500n), again: fc.boolean() })
  .map(({ pick, actual, again }) =>
    step(
      `settle(${pick}, ${actual}, ${again ? 'twice' : 'once'})`,
      async (model, world) => {
        const sent = pickCall(model, pick);
        // A window that no admission opened has no base yet: what a stranger settles there cannot be told apart.
        if (!isKnown(model, sent.id) && !model.oracle.isOpened(sent.hold)) return;
        for (let times = again ? 2 : 1; times > 0; times -= 1) {
          const outcome = await world.store.ledger.settle(settleOf(sent, actual));
          expect(outcome.kind).toBe(model.oracle.settle(sent.id, sent.hold, actual));
          known(model).add(key(sent.id));
        }
      },
      (model) => model.calls.length > 0,
    ),
  );

const beatStep = fc.record({ proxy: proxies, pick: fc.nat(50), amount: amounts }).map(({ proxy, pick, amount }) =>
  step(`beat(${proxy}, ${pick} to ${amount})`, async (model, world) => {
    const own = model.calls.filter((one) => one.id.proxy === proxy);
    const raises = own.length === 0 ? [] : [{ seq: own[pick % own.length]?.id.seq ?? 0, amount }];
    const seqs = own.map((one) => one.id.seq);
    const outcome = await world.store.ledger.beat(proxy, seqs, raises);
    const unknown = seqs.filter((seq) => !model.oracle.isOpen({ proxy, seq }));
    model.oracle.beat(proxy, raises);
    expect(outcome).toEqual({ kind: 'beat', nowMs: model.oracle.nowMs(), unknown });
  }),
);

async function sweep(model: Model, world: LedgerWorld): Promise<void> {
  const outcome = await world.store.ledger.sweep(1000);
  const booked = outcome.kind === 'swept' ? outcome.booked : [];
  expect(outcome.kind).toBe('swept');
  expect(new Map(booked.map(({ id, booked: amount }) => [key(id), amount]))).toEqual(model.oracle.sweep());
}

async function pass(model: Model, world: LedgerWorld, ms: number): Promise<void> {
  await world.pass(ms);
  model.oracle.pass(ms);
}

const sweepStep = fc.constant(step('sweep', sweep));

const passStep = fc
  .constantFrom(1, 5 * SECOND, 25 * SECOND, 70 * SECOND, 310 * SECOND)
  .map((ms) => step(`pass(${ms} ms)`, (model, world) => pass(model, world, ms)));

/** Every open hold is swept: what is settled afterwards corrects. */
const silenceStep = fc.constant(
  step('silence', async (model, world) => {
    await pass(model, world, 70 * SECOND);
    await sweep(model, world);
  }),
);

const resetStep = fc
  .record({ pick: fc.nat(ALL.length - 1), all: fc.boolean(), agoMs: fc.constantFrom(0, 30 * SECOND, 400 * SECOND) })
  .map(({ pick, all, agoMs }) =>
    step(
      `reset(group ${pick}, ${all ? 'all' : 'the first'}, asked ${agoMs} ms ago)`,
      async ({ oracle: book }, world) => {
        const one = ALL[pick] ?? KEY;
        const specs = all ? one.budgets : one.budgets.slice(0, 1);
        const askedMs = book.nowMs() - agoMs;
        const adjustment: Adjustment = {
          uid: `reset-${resets.next}`,
          subject: one.subject,
          createdMs: askedMs,
          change: { type: 'Reset' },
          budgets: specs.map(({ name, period, definition }) => {
            return { name, counter: one.counter, window: calendar(period, book.nowMs()), definition };
          }),
        };
        resets.next += 1;
        const names = specs.map(({ name }) => name);
        const before = book.reset(counterOf(one), names, askedMs);
        const outcome = await world.store.writer.adjust(world.term, adjustment);
        if (before.size === 0) {
          expect(outcome).toEqual({ kind: 'window_over' });
          return;
        }
        const applied = outcome.kind === 'adjusted' ? outcome.applied : null;
        expect(new Map(applied?.budgets.map(({ name, amount }) => [name, amount]))).toEqual(before);
        expect(await world.store.writer.adjust(world.term, adjustment)).toEqual({ kind: 'duplicate', applied });
      },
    ),
  );

/** Uids are never used twice. */
const resets = { next: 0 };

/** Ids that the ledger has something under. */
const knownIds = new WeakMap<Model, Set<string>>();

function known(model: Model): Set<string> {
  const ids = knownIds.get(model) ?? new Set();
  knownIds.set(model, ids);
  return ids;
}

function isKnown(model: Model, id: HoldId): boolean {
  return model.oracle.isOpen(id) || known(model).has(key(id));
}

function pickCall(model: Model, pick: number): ReserveCall {
  const sent = model.calls[pick % model.calls.length];
  if (sent === undefined) throw new Error('there is a call to pick');
  return sent;
}

const key = ({ proxy, seq }: HoldId): string => `${proxy} ${seq}`;

/** Every counter of every subject, and every window that the ledger knows, is what the bookkeeper has. */
async function expectSameBooks({ oracle: book }: Model, world: LedgerWorld): Promise<void> {
  for (const one of ALL) {
    const ledger = await world.look(one.subject);
    const counter = counterOf(one);
    expect(ledger.held[one.counter] ?? 0n, `${counter} held`).toBe(book.held(counter));
    const total = (ledger.totals[one.counter] ?? 0n) - (ledger.credits[one.counter] ?? 0n);
    expect(total, `${counter} in all`).toBe(book.total(counter));
    for (const { name } of one.budgets) {
      const bases = ledger.budgets[name]?.bases ?? [];
      const expected = bases.map(({ startSeconds }) => book.spent(counter, name, startSeconds));
      expect(spentByWindow(ledger, name), `${counter} ${name}`).toEqual(expected);
    }
  }
}

export function modelContract(make: () => Promise<LedgerHome>): void {
  const nightly = process.env['BUDGETD_NIGHTLY'] !== undefined;
  const steps = fc.commands(
    [
      reserveStep,
      reserveStep,
      settleStep,
      settleStep,
      againStep,
      beatStep,
      sweepStep,
      silenceStep,
      resetStep,
      passStep,
    ],
    { maxCommands: 40, size: 'max' },
  );
  const timeout = nightly ? 900_000 : 120_000;
  test(
    'random lives leave the books of one counter per window, and held is the sum of open holds',
    { timeout },
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (life) => {
          const world = await startWorld(await make(), NOON);
          try {
            for (const one of [KEY, TEAM, USER]) await world.compile(one.subject);
            const model: Model = { oracle: oracle(), calls: [], seqs: new Map() };
            await fc.asyncModelRun(() => ({ model, real: world }), life);
            await expectSameBooks(model, world);
          } finally {
            await world.close();
          }
        }),
        { numRuns: nightly ? 5000 : 300, endOnFailure: false },
      );
    },
  );
}
