import { assert } from './assert.ts';
import { type AdmissionRule, admissionTop, type RefusalReason, refusalReason, weightiestRefusal } from './decide.ts';
import type { Nanos } from './money.ts';
import type { Subject } from './subject.ts';

/** Where one budget of a call stands before the call's hold. Amounts in nano-USD. */
export interface Standing extends AdmissionRule {
  readonly subject: Subject;
  readonly budget: string;
  /** Epoch ms; null: lifetime. */
  readonly resetsAtMs: number | null;
  readonly spent: Nanos;
  readonly held: Nanos;
}

/** Whether a budget admits a hold: the one comparison of design section 3.2. */
export function admits(standing: Standing, hold: Nanos): boolean {
  const top = admissionTop(standing, hold);
  return top === null || standing.spent + standing.held <= top;
}

/** The budget that refused a call, and why. Amounts in nano-USD; `resetsAtMs` in epoch milliseconds, null: lifetime. */
export interface BudgetRefusal {
  readonly reason: RefusalReason;
  readonly subject: Subject;
  readonly budget: string;
  readonly spent: Nanos;
  readonly held: Nanos;
  readonly limit: Nanos;
  readonly hold: Nanos;
  readonly resetsAtMs: number | null;
}

/** The refusal to report when several budgets refuse at once. */
export function refusedBy(violated: readonly Standing[], hold: Nanos): BudgetRefusal {
  return weightiestRefusal(
    violated.map((standing) => {
      const { subject, budget, spent, held, limit, resetsAtMs } = standing;
      assert(limit !== null, 'only a budget with a limit refuses');
      return { reason: refusalReason(standing, spent, hold), subject, budget, spent, held, limit, hold, resetsAtMs };
    }),
  );
}

/** What is left at one budget once the hold is taken; below zero when the call may cross an Allow limit. */
export interface Left {
  readonly subject: Subject;
  readonly budget: string;
  readonly left: Nanos;
  readonly limit: Nanos;
  readonly spent: Nanos;
}

/** The budget of a group that has least left once `hold` more is held; null when none has a limit. */
export function tightest(standings: readonly Standing[], hold: Nanos): Left | null {
  let least: Left | null = null;
  for (const { subject, budget, limit, spent, held } of standings) {
    if (limit === null) continue;
    const left = limit - spent - held - hold;
    if (least === null || left < least.left) least = { subject, budget, left, limit, spent };
  }
  return least;
}
