import type { Nanos } from './money.ts';

/** What an adjustment adds to a budget's limit for a while. */
export interface Raise {
  /** Nano-USD, above 0. */
  readonly amount: Nanos;
  /** Ledger time, epoch milliseconds, from which it holds no more; null: it does not end. */
  readonly untilMs: number | null;
}

interface Raised {
  readonly limit: Nanos | null;
  readonly raises: readonly Raise[];
}

/** The limit with the raises that hold at ledger time `nowMs`; null without a limit, which nothing raises. */
export function limitAt({ limit, raises }: Raised, nowMs: number): Nanos | null {
  if (limit === null) return null;
  return raises.reduce((sum, raise) => (holds(raise, nowMs) ? sum + raise.amount : sum), limit);
}

/** When {@link limitAt} changes next, epoch milliseconds; null: it does not. */
export function nextRaiseEnd({ limit, raises }: Raised, nowMs: number): number | null {
  const ends = raises.flatMap(({ untilMs }) => (untilMs !== null && untilMs > nowMs ? [untilMs] : []));
  return limit === null || ends.length === 0 ? null : Math.min(...ends);
}

function holds({ untilMs }: Raise, nowMs: number): boolean {
  return untilMs === null || untilMs > nowMs;
}
