import type { Nanos } from './money.ts';

export type BudgetState = 'Ok' | 'Soft' | 'Exhausted';

/** Where a budget stands: Soft from `spent >= soft`, Exhausted from `spent >= limit` (design section 3.2). */
export function budgetState(spent: Nanos, limit: Nanos | null, soft: Nanos | null): BudgetState {
  if (limit !== null && spent >= limit) return 'Exhausted';
  return soft !== null && spent >= soft ? 'Soft' : 'Ok';
}

/** The amount at which `percent` of a limit is reached: the smallest nano-USD that is at least that share. */
export function thresholdNanos(limit: Nanos, percent: number): Nanos {
  return (limit * BigInt(percent) + 99n) / 100n;
}

/** Share of a limit that is spent, in whole percent rounded down; a limit of zero is used up. */
export function usedPercent(spent: Nanos, limit: Nanos): number {
  return limit === 0n ? 100 : Number((spent * 100n) / limit);
}
