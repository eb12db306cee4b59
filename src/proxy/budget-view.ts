import { enforcedLimit } from '../core/budget.ts';
import type { CompiledBudget, SubjectRecord } from '../core/record.ts';
import { type BudgetState, budgetState } from '../core/threshold.ts';
import { counterOf } from '../core/budget.ts';
import { formatUsd, type Nanos } from '../core/money.ts';
import { subjectPath } from '../core/subject.ts';
import { type Window, windowAt, windowContains } from '../core/window.ts';
import type { BudgetLedger, SubjectLedger } from '../ports/ledger.ts';

/** A budget as it stands now. Amounts in nano-USD. */
export interface BudgetStanding {
  readonly window: Window;
  readonly spent: Nanos;
  readonly held: Nanos;
  /** Never below 0; null without a limit. */
  readonly remaining: Nanos | null;
  readonly state: BudgetState;
}

/** Where a budget stands at ledger time `nowMs`; a window nobody has used yet is unspent. */
export function standingOf(budget: CompiledBudget, ledger: SubjectLedger, nowMs: number): BudgetStanding {
  const counter = counterOf(budget);
  const known: BudgetLedger | undefined = Object.hasOwn(ledger.budgets, budget.name)
    ? ledger.budgets[budget.name]
    : undefined;
  const window =
    known !== undefined && windowContains(known.window, nowMs) ? known.window : windowAt(budget.rule, nowMs);
  const base = known?.bases.find((candidate) => candidate.startSeconds === window.startSeconds)?.base;
  const spent = base === undefined ? 0n : (ledger.totals[counter] ?? 0n) - base;
  const held = ledger.held[counter] ?? 0n;
  const left = budget.limit === null ? null : budget.limit - spent - held;
  return {
    window,
    spent,
    held,
    remaining: left !== null && left < 0n ? 0n : left,
    state: budgetState(spent, budget.limit, budget.soft),
  };
}

/** One of the caller's own budgets in `GET /budget`: decimal USD, RFC 3339 times, null for lifetime. */
export function ownBudgetView(record: SubjectRecord, budget: CompiledBudget, standing: BudgetStanding): object {
  return {
    subject: subjectPath(record.subject),
    name: budget.name,
    period: budget.rule.period,
    limit: budget.limit === null ? null : formatUsd(budget.limit),
    spent: formatUsd(standing.spent),
    held: formatUsd(standing.held),
    remaining: standing.remaining === null ? null : formatUsd(standing.remaining),
    windowStart: budget.rule.period === null ? null : rfc3339(standing.window.startSeconds),
    resetsAt: rfc3339(standing.window.endSeconds),
    state: standing.state,
    mode: budget.mode,
  };
}

/** A budget above the caller's: its kind and name, when it starts afresh, and whether it refuses; no amounts. */
export function inheritedBudgetView(record: SubjectRecord, budget: CompiledBudget, standing: BudgetStanding): object {
  const refuses = enforcedLimit(budget) !== null && standing.state === 'Exhausted';
  return {
    subject_kind: record.subject.kind,
    name: budget.name,
    resetsAt: rfc3339(standing.window.endSeconds),
    state: refuses ? 'exhausted' : 'ok',
  };
}

function rfc3339(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
