import { budgetCounts, counterOf, enforcedLimit } from '../core/budget.ts';
import { type CallPolicy, type PolicyLevel, strictestCallPolicy } from '../core/call-policy.ts';
import type { ErrorCode } from '../core/errors.ts';
import { holdFor } from '../core/estimate.ts';
import { modelIsListed } from '../core/model-glob.ts';
import type { Nanos } from '../core/money.ts';
import type { Price } from '../core/price.ts';
import { limitAt, nextRaiseEnd } from '../core/raise.ts';
import type { Provider, SubjectRecord } from '../core/record.ts';
import type { ReserveCall, ReserveGroup } from '../ports/ledger.ts';
import { type CallSubjects, resolveSubjects } from './call-subjects.ts';
import type { ChatRequest } from './chat-request.ts';
import type { Directory, View } from './directory.ts';
import { chooseProvider } from './provider-choice.ts';
import type { WindowCache } from './window-cache.ts';

export interface CallFacts {
  readonly sha256: string;
  /** From a `/providers/{name}` route; null: chosen by model. */
  readonly providerName: string | null;
  readonly request: ChatRequest;
}

/** Everything about a call that is decided before the ledger is asked. */
export interface Plan {
  readonly kind: 'plan';
  readonly subjects: CallSubjects;
  readonly provider: Provider;
  readonly price: Price | null;
  readonly amount: Nanos;
  readonly onLost: Nanos;
  /** What such a call usually costs, nano-USD. */
  readonly likely: Nanos;
  /** A Deny budget counts the call, so its hold is the most that it can cost. */
  readonly isCapped: boolean;
}

/** A call that no ledger needs to be asked about. */
export interface PlanRefusal {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  /** What varies of the public sentence: a model, a field, a kind of reference. Never a secret. */
  readonly detail: string;
  /** Null while the key is unknown. */
  readonly subjects: CallSubjects | null;
}

/** A reserve is void this long after it was sent, so that a delayed one can never admit. */
const RESERVE_VALID_MS = 5_000;

/** From a key and a request to the hold it needs, or why it may not be made. @throws what the directory throws */
export async function planCall(directory: Directory, facts: CallFacts, nowMs: number): Promise<Plan | PlanRefusal> {
  const view = directory.view();
  const plan = await planOnce(view, facts, nowMs);
  // No ledger is asked about a refusal, so it must not come from records that were changed since.
  return plan.kind === 'refused' && view.renew() ? planOnce(view, facts, nowMs) : plan;
}

async function planOnce(view: View, facts: CallFacts, nowMs: number): Promise<Plan | PlanRefusal> {
  const resolution = await resolveSubjects(view, facts.sha256, nowMs);
  if (resolution.kind === 'unattended') return refusePlan('ledger_unattended', '', null);
  if (resolution.kind === 'refused') {
    return refusePlan(resolution.code, 'detail' in resolution ? resolution.detail : '', null);
  }
  const { subjects } = resolution;
  const { model, shape } = facts.request;
  const provider = chooseProvider(subjects.platform.record.providers, facts.providerName, model);
  if (provider === null) return refusePlan('model_not_found', model, subjects);
  if (!subjects.all.every((subject) => modelIsListed(subject.models, provider.name, model))) {
    return refusePlan('model_not_allowed', model, subjects);
  }
  const counting = countingBudgets(subjects.all, provider.name, model);
  const policy = policyOf(subjects, provider.name, model);
  const price = subjects.platform.prices.find(provider.name, model);
  const isCapped = counting.some((budget) => enforcedLimit(budget) !== null && budget.overdraft === 'Deny');
  const common = { kind: 'plan', subjects, provider, price, isCapped } as const;
  if (price === null) {
    const denied = subjects.platform.record.unpriced === 'Deny' && counting.length > 0;
    return denied ? refusePlan('model_unpriced', model, subjects) : { ...common, amount: 0n, onLost: 0n, likely: 0n };
  }
  const hold = holdFor({ policy, underDeny: isCapped, price, shape });
  if (hold.kind === 'unbounded') return refusePlan('call_unbounded', hold.why, subjects);
  const onLost = subjects.platform.record.onLost === 'Charge' ? hold.onLost : 0n;
  return { ...common, amount: hold.amount, onLost, likely: hold.onLost };
}

function countingBudgets(
  subjects: readonly SubjectRecord[],
  provider: string,
  model: string,
): SubjectRecord['budgets'] {
  return subjects.flatMap((subject) => subject.budgets.filter((budget) => budgetCounts(budget, provider, model)));
}

function policyOf(subjects: CallSubjects, provider: string, model: string): CallPolicy {
  const levels: PolicyLevel[] = subjects.all.map((subject) => ({
    stated: subject.calls,
    hasBudgets: subject.budgets.some(
      (budget) => enforcedLimit(budget) !== null && budgetCounts(budget, provider, model),
    ),
  }));
  return strictestCallPolicy([...levels, { stated: subjects.platform.record.calls, hasBudgets: false }]);
}

/** The reserve of a planned call: every subject once for its total, and once more per budget that filters models. */
export function reserveCall(
  plan: Plan,
  facts: CallFacts,
  at: { nowMs: number; windows: WindowCache },
): Omit<ReserveCall, 'id'> {
  const { nowMs } = at;
  const { model } = facts.request;
  const groups = plan.subjects.all.flatMap((subject) => groupsOf(subject, plan, model, at));
  const bounds = groups.flatMap((group) => group.budgets.map((budget) => budget.window));
  const ends = bounds.flatMap((window) => (window.endSeconds === null ? [] : [window.endSeconds * 1000]));
  const windowEndMs = ends.length === 0 ? null : Math.min(...ends);
  // A raise that ends binds the very next call: limits computed with it hold until then.
  const raiseEnds = countingBudgets(plan.subjects.all, plan.provider.name, model).map(
    (budget) => nextRaiseEnd(budget, nowMs) ?? Infinity,
  );
  const endsMs = [windowEndMs ?? Infinity, plan.subjects.endsAtMs ?? Infinity, ...raiseEnds];
  return {
    platformRevision: plan.subjects.platform.record.revision,
    fromMs: Math.max(nowMs - RESERVE_VALID_MS, ...bounds.map((window) => window.startSeconds * 1000)),
    untilMs: Math.min(nowMs + RESERVE_VALID_MS, ...endsMs),
    hold: {
      admittedMs: nowMs,
      windowEndMs,
      charges: groups.map((group) => ({ subject: group.subject, counter: group.counter })),
      amount: plan.amount,
      onLost: plan.onLost,
    },
    groups,
    free: plan.price?.free ?? false,
  };
}

function groupsOf(
  record: SubjectRecord,
  plan: Plan,
  model: string,
  at: { nowMs: number; windows: WindowCache },
): ReserveGroup[] {
  const byCounter = new Map<ReserveGroup['counter'], ReserveGroup['budgets'][number][]>([['u', []]]);
  for (const budget of record.budgets) {
    if (!budgetCounts(budget, plan.provider.name, model)) continue;
    const counter = counterOf(budget);
    const budgets = byCounter.get(counter) ?? [];
    byCounter.set(counter, budgets);
    budgets.push({
      name: budget.name,
      window: at.windows.windowOf(record.subject, budget, at.nowMs),
      definition: budget.definition,
      limit: enforcedLimit(budget) === null ? null : limitAt(budget, at.nowMs),
      overdraft: budget.overdraft,
    });
  }
  return [...byCounter].map(([counter, budgets]) => ({
    subject: record.subject,
    counter,
    revision: record.revision,
    budgets,
  }));
}

function refusePlan(code: ErrorCode, detail: string, subjects: CallSubjects | null): PlanRefusal {
  return { kind: 'refused', code, detail, subjects };
}
