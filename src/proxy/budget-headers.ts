import { formatUsd, type Nanos } from '../core/money.ts';
import { subjectPath } from '../core/subject.ts';
import type { AdmittedCall } from './admission.ts';

/**
 * `x-budgetd-budget` and `x-budgetd-remaining`: the tightest of the caller's own budgets, and what is left of it in USD
 * after this call (after its hold while the cost is not known, as in a stream).
 */
export function budgetHeaders(call: AdmittedCall, cost: Nanos | null): Record<string, string> {
  const own = subjectPath(call.subjects.key.subject);
  const lefts = call.left.filter((left) => left !== null && subjectPath(left.subject) === own);
  const tightest = lefts.reduce((a, b) => (a === null || (b !== null && b.left < a.left) ? b : a), null);
  if (tightest === null) return {};
  const remaining = cost === null ? tightest.left : tightest.left + call.hold.amount - cost;
  return { 'x-budgetd-budget': tightest.budget, 'x-budgetd-remaining': formatUsd(remaining < 0n ? 0n : remaining) };
}
