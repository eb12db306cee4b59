import { enforcedLimit } from '../core/budget.ts';
import type { CompiledBudget, SubjectRecord } from '../core/record.ts';
import { formatUsd } from '../core/money.ts';
import type { BudgetStanding } from '../core/standing.ts';
import { subjectPath } from '../core/subject.ts';

/** One of the caller's own budgets in `GET /budget`: decimal USD, RFC 3339 times, null for lifetime. */
export function ownBudgetView(record: SubjectRecord, budget: CompiledBudget, standing: BudgetStanding): object {
  return {
    subject: subjectPath(record.subject),
    name: budget.name,
    period: budget.rule.period,
    limit: standing.limit === null ? null : formatUsd(standing.limit),
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
