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
  pass(ms: number): void;
  isOpen(id: HoldId): boolean;
  spent(counter: string, budget: string, startSeconds: number): Nanos;
  held(counter: string): Nanos;
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
  let now = startMs;

  const windowsOf = (hold: Hold): string[] => {
    const counters = new Set(hold.charges.map(counterOf));
    return budgets
      .filter((budget) => counters.has(budget.counter))
      .map((budget) => `${budget.counter} ${budget.budget} ${budget.windowStart(hold.admittedMs)}`);
  };
  /** A call settles in the window of its admission, whatever began since. */
  const charge = (hold: Hold, amount: Nanos): void => {
    for (const window of windowsOf(hold)) windows.set(window, (windows.get(window) ?? 0n) + amount);
  };
  const held = (counter: string): Nanos => {
    let sum = 0n;
    for (const { record, state, amount } of entries.values()) {
      if (state === 'open' && record.charges.some((one) => counterOf(one) === counter)) sum += amount;
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
    isOpen: (id) => entries.get(idOf(id))?.state === 'open',
    isOpened: (hold) => windowsOf(hold).every((window) => opened.has(window)),
    reserve: ({ id, hold, groups }) => {
      const known = entries.get(idOf(id));
      if (known !== undefined) return known.state === 'open' ? 'admitted' : 'conflict';
      if (!groups.every((group) => admits(group, hold.amount))) return 'refused';
      const { amount, onLost } = hold;
      entries.set(idOf(id), { record: hold, state: 'open', amount, onLost, charged: 0n });
      if ((deadlines.get(id.proxy) ?? 0) <= now) deadlines.set(id.proxy, now + DEADLINE_MS);
      for (const window of windowsOf(hold)) opened.add(window);
      return 'admitted';
    },
    settle: (id, hold, actual) => {
      const known = entries.get(idOf(id));
      if (known?.state === 'settled') return known.charged === actual ? 'duplicate' : 'conflict';
      if (known?.state === 'void' && actual === 0n) return 'duplicate';
      const isVoid = known === undefined && actual === 0n;
      charge(hold, actual - (known?.charged ?? 0n));
      const state = isVoid ? 'void' : 'settled';
      entries.set(idOf(id), { record: hold, state, amount: 0n, onLost: 0n, charged: actual });
      return 'done';
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
        charge(entry.record, entry.onLost);
        booked.set(id, entry.onLost);
      }
      return booked;
    },
  };
}
