import { assert } from './assert.ts';
import type { Nanos } from './money.ts';

export type Overdraft = 'Allow' | 'Deny';
export type RefusalReason = 'exhausted' | 'too_large' | 'reserved';

/** What the one admission rule needs to know of a budget. Amounts in nano-USD. */
export interface AdmissionRule {
  /** Limit plus the raises valid now; null when the budget only observes or only warns. */
  readonly limit: Nanos | null;
  readonly overdraft: Overdraft;
}

/**
 * The largest `spent + held` at which a call is admitted (design section 3.2), so that the ledger needs one comparison:
 * `spent + held < limit` under Allow, `spent + held + hold <= limit` under Deny. Null: this budget never refuses.
 */
export function admissionTop(rule: AdmissionRule, hold: Nanos): Nanos | null {
  assert(hold >= 0n, 'a hold is never negative');
  if (rule.limit === null) return null;
  return rule.overdraft === 'Deny' ? rule.limit - hold : rule.limit - 1n;
}

/** Why a budget that refused did so: used up, too small for this call at all, or only held by calls in flight. */
export function refusalReason(rule: AdmissionRule, spent: Nanos, hold: Nanos): RefusalReason {
  assert(rule.limit !== null, 'only a budget with a limit refuses');
  if (spent >= rule.limit) return 'exhausted';
  const fitsWithNothingHeld = rule.overdraft === 'Allow' || spent + hold <= rule.limit;
  return fitsWithNothingHeld ? 'reserved' : 'too_large';
}

const SEVERITY: Record<RefusalReason, number> = { exhausted: 2, too_large: 1, reserved: 0 };

/**
 * Of the budgets that refuse a call, the one to name: a refusal that waiting does not cure comes first, then the one
 * that lasts longest (null never ends), so that a client is never told to retry what cannot succeed.
 */
export function weightiestRefusal<R extends { readonly reason: RefusalReason; readonly resetsAtMs: number | null }>(
  refusals: readonly R[],
): R {
  const [first, ...rest] = refusals;
  assert(first !== undefined, 'a refusal names at least one budget');
  return rest.reduce((worst, next) => (outweighs(next, worst) ? next : worst), first);
}

type Weighed = { readonly reason: RefusalReason; readonly resetsAtMs: number | null };

function outweighs(a: Weighed, b: Weighed): boolean {
  if (SEVERITY[a.reason] !== SEVERITY[b.reason]) return SEVERITY[a.reason] > SEVERITY[b.reason];
  return (a.resetsAtMs ?? Infinity) > (b.resetsAtMs ?? Infinity);
}
