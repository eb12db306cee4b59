import type { AppliedAdjustment } from '../../src/core/adjustment.ts';
import type { Adjustment, AdjustOutcome } from '../../src/ports/ledger-writer.ts';
import type { ReserveCall } from '../../src/ports/ledger.ts';
import {
  budget,
  type BudgetSpec,
  calendar,
  call,
  group,
  type GroupSpec,
  MINUTE,
  settleOf,
  subject,
} from '../gen/calls.ts';
import { admitted, done } from '../gen/ledger-world.ts';
import type { World } from './ledger.ts';

export const KEY = subject('vkey', 'bot');
export const HOURLY = budget({ name: 'hourly', period: '1h', limit: null });
export const TOTAL = budget({ name: 'total', period: null, limit: null });
export const BIG = budget({ name: 'big', period: '1h', limit: null });
/** Two budgets on one counter, one with a counter of its own. */
const GROUPS: readonly GroupSpec[] = [group({ budgets: [HOURLY, TOTAL] }), group({ counter: 'f.big', budgets: [BIG] })];

/** A key that spends under three budgets, and adjustments of them. */
export interface Adjusting {
  open(seq: number): Promise<ReserveCall>;
  settle(sent: ReserveCall, actual: bigint): Promise<void>;
  spend(seq: number, amount: bigint): Promise<void>;
  /** A call whose proxy fell silent: 80 are booked for it. */
  swept(seq: number): Promise<ReserveCall>;
  /** The budgets as they would be sent now. */
  named(...specs: readonly BudgetSpec[]): Adjustment['budgets'];
  /** A reset of the hourly budget, created at this instant. */
  adjustment(change?: Partial<Adjustment>): Adjustment;
  adjust(change?: Partial<Adjustment>): Promise<AdjustOutcome>;
  /** What was done by an adjustment that must be applied. */
  applied(change?: Partial<Adjustment>): Promise<AppliedAdjustment>;
  spent(name: string): Promise<bigint[]>;
}

export function adjusting(world: World): Adjusting {
  const open = async (seq: number): Promise<ReserveCall> => {
    const sent = call(world().nowMs(), { seq, groups: GROUPS });
    await admitted(world().store.ledger.reserve(sent));
    return sent;
  };
  const settle = (sent: ReserveCall, actual: bigint): Promise<void> =>
    done(world().store.ledger.settle(settleOf(sent, actual)));
  const spend = async (seq: number, amount: bigint): Promise<void> => settle(await open(seq), amount);
  const named = (...specs: readonly BudgetSpec[]): Adjustment['budgets'] =>
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
  const swept = async (seq: number): Promise<ReserveCall> => {
    const sent = call(world().nowMs(), { seq, amount: 100n, onLost: 80n, groups: GROUPS });
    await admitted(world().store.ledger.reserve(sent));
    await world().pass(2 * MINUTE);
    await world().store.ledger.sweep(10);
    return sent;
  };
  const spent = (name: string): Promise<bigint[]> => world().spent(KEY, name);
  return { open, settle, spend, swept, named, adjustment, adjust, applied, spent };
}

/** The hourly budget as it is in the record of an adjustment applied at an instant. */
export function hourlyAt(atMs: number): object {
  return { name: 'hourly', counter: 'u', startSeconds: calendar('1h', atMs).startSeconds };
}
