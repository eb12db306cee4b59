import { type AdmissionRule, admissionTop } from '../../src/core/decide.ts';
import type { Charge, Hold, HoldId } from '../../src/core/hold.ts';
import type { Nanos } from '../../src/core/money.ts';
import type { ReserveCall, ReserveGroup } from '../../src/ports/ledger.ts';

/** What the ledger must answer, told by a bookkeeper who keeps one plain counter per budget and window. */
export interface LedgerOracle {
  reserve(call: ReserveCall): 'admitted' | 'refused' | 'conflict';
  settle(id: HoldId, hold: Hold, actual: Nanos): 'done' | 'duplicate' | 'conflict';
  beat(proxy: string, raises: readonly { seq: number; amount: Nanos }[]): void;
  /** The ids that a sweep books, with the amounts. */
  sweep(): Map<string, Nanos>;
  /**
   * Starts the present windows of a counter's budgets at zero, of those in which `askedMs` lies.
   *
   * @returns what each had spent, by budget; without those that were left
   */
  reset(counter: string, names: readonly string[], askedMs: number): Map<string, Nanos>;
  pass(ms: number): void;
  isOpen(id: HoldId): boolean;
  spent(counter: string, budget: string, startSeconds: number): Nanos;
  held(counter: string): Nanos;
  /** What all calls cost in all, resets or not. */
  total(counter: string): Nanos;
  /** Whether every window of the call's admission was opened by an admission. */
  isOpened(hold: Hold): boolean;
  nowMs(): number;
}

interface Entry {
  readonly record: Hold;
  state: 'open' | 'settled' | 'swept' | 'void';
  amount: Nanos;
  onLost: Nanos;
  /** What the windows were charged. */
  charged: Nanos;
  /** How many resets there had been when it was swept. */
  sweptAfter: number;
}

/** A budget's rule that never changes during a run. */
export interface OracleBudget {
  readonly counter: string;
  readonly budget: string;
  /** The start of the window that contains an instant. */
  windowStart(atMs: number): number;
}

const DEADLINE_MS = 60_000;

export const counterOf = ({ subject, counter }: Charge): string => `${subject.kind}/${subject.name} ${counter}`;
const idOf = ({ proxy, seq }: HoldId): string => `${proxy} ${seq}`;

export function createLedgerOracle(startMs: number, budgets: readonly OracleBudget[]): LedgerOracle {
  const entries = new Map<string, Entry>();
  const deadlines = new Map<string, number>();
  const windows = new Map<string, Nanos>();
  const opened = new Set<string>();
  /** The number of the last reset of a window. */
  const resets = new Map<string, number>();
  let resetCount = 0;
  let now = startMs;

  const windowsOf = (hold: Hold): string[] => {
    const counters = new Set(hold.charges.map(counterOf));
    return budgets
      .filter((budget) => counters.has(budget.counter))
      .map((budget) => `${budget.counter} ${budget.budget} ${budget.windowStart(hold.admittedMs)}`);
  };
  /** A call settles in the window of its admission, whatever began since. */
  const charge = (hold: Hold, amount: Nanos, since = resetCount): void => {
    for (const window of windowsOf(hold)) {
      // What was booked before a reset is gone already: giving it back changes nothing any more.
      if (amount < 0n && (resets.get(window) ?? 0) > since) continue;
      windows.set(window, (windows.get(window) ?? 0n) + amount);
    }
  };
  const held = (counter: string): Nanos => {
    let sum = 0n;
    for (const { record, state, amount } of entries.values()) {
      if (state === 'open' && record.charges.some((one) => counterOf(one) === counter)) sum += amount;
    }
    return sum;
  };
  const total = (counter: string): Nanos => {
    let sum = 0n;
    for (const { record, charged } of entries.values()) {
      if (record.charges.some((one) => counterOf(one) === counter)) sum += charged;
    }
    return sum;
  };
  const spent = (counter: string, budget: string, startSeconds: number): Nanos =>
    windows.get(`${counter} ${budget} ${startSeconds}`) ?? 0n;
  const admits = (group: ReserveGroup, amount: Nanos): boolean => {
    const counter = counterOf(group);
    return group.budgets.every((budget) => {
      const top = admissionTop(budget satisfies AdmissionRule, amount);
      return top === null || spent(counter, budget.name, budget.window.startSeconds) + held(counter) <= top;
    });
  };

  return {
    nowMs: () => now,
    pass: (ms) => {
      now += ms;
    },
    spent,
    held,
    total,
    isOpen: (id) => entries.get(idOf(id))?.state === 'open',
    isOpened: (hold) => windowsOf(hold).every((window) => opened.has(window)),
    reserve: ({ id, hold, groups }) => {
      const known = entries.get(idOf(id));
      if (known !== undefined) return known.state === 'open' ? 'admitted' : 'conflict';
      if (!groups.every((group) => admits(group, hold.amount))) return 'refused';
      const { amount, onLost } = hold;
      entries.set(idOf(id), { record: hold, state: 'open', amount, onLost, charged: 0n, sweptAfter: 0 });
      if ((deadlines.get(id.proxy) ?? 0) <= now) deadlines.set(id.proxy, now + DEADLINE_MS);
      for (const window of windowsOf(hold)) opened.add(window);
      return 'admitted';
    },
    settle: (id, hold, actual) => {
      const known = entries.get(idOf(id));
      if (known?.state === 'settled') return known.charged === actual ? 'duplicate' : 'conflict';
      if (known?.state === 'void' && actual === 0n) return 'duplicate';
      const isVoid = known === undefined && actual === 0n;
      charge(hold, actual - (known?.charged ?? 0n), known?.sweptAfter);
      const state = isVoid ? 'void' : 'settled';
      entries.set(idOf(id), { record: hold, state, amount: 0n, onLost: 0n, charged: actual, sweptAfter: 0 });
      return 'done';
    },
    reset: (counter, names, askedMs) => {
      const before = new Map<string, Nanos>();
      const named = budgets.filter((one) => one.counter === counter && names.includes(one.budget));
      for (const { budget, windowStart } of named.filter((one) => one.windowStart(now) * 1000 <= askedMs)) {
        const start = windowStart(now);
        before.set(budget, spent(counter, budget, start));
        windows.set(`${counter} ${budget} ${start}`, 0n);
        resets.set(`${counter} ${budget} ${start}`, resetCount + 1);
      }
      if (before.size > 0) resetCount += 1;
      return before;
    },
    beat: (proxy, raises) => {
      deadlines.set(proxy, now + DEADLINE_MS);
      for (const { seq, amount } of raises) {
        const entry = entries.get(idOf({ proxy, seq }));
        if (entry?.state !== 'open') continue;
        if (amount > entry.amount) entry.amount = amount;
        if (amount > entry.onLost) entry.onLost = amount;
      }
    },
    sweep: () => {
      const booked = new Map<string, Nanos>();
      for (const [id, entry] of entries) {
        const [proxy = ''] = id.split(' ');
        if (entry.state !== 'open' || (deadlines.get(proxy) ?? 0) > now) continue;
        entry.state = 'swept';
        entry.charged = entry.onLost;
        entry.sweptAfter = resetCount;
        charge(entry.record, entry.onLost);
        booked.set(id, entry.onLost);
      }
      return booked;
    },
  };
}
