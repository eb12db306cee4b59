import type { SubjectStatus } from '../api/status.ts';
import { enforcedLimit } from '../core/budget.ts';
import { formatUsd, type Nanos } from '../core/money.ts';
import type { CompiledBudget, SubjectRecord } from '../core/record.ts';
import { type BudgetStanding, type PreviousWindow, standingOf } from '../core/standing.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import { usedPercent } from '../core/threshold.ts';
import type { SubjectLedger } from '../ports/ledger.ts';
import { type Fact, fails, holds } from './conditions.ts';

/** One subject that a call is charged to, and what the ledger knows of it. */
export interface Charged {
  readonly record: SubjectRecord;
  readonly ledger: SubjectLedger;
}

/** The money part of a status: figures that people read and nothing reads back. */
export type MoneyStatus = Pick<SubjectStatus, 'totalSpent' | 'blockedBy' | 'tightest' | 'budgets'>;

/**
 * What a subject's status says of money.
 *
 * @param own the subject itself
 * @param inherited what its calls are charged to besides: for a VirtualKey its Teams and User
 * @param nowMs ledger time
 */
export function moneyStatus(own: Charged, inherited: readonly Charged[], nowMs: number): MoneyStatus {
  const budgets = own.record.budgets.map((budget) => budgetStatus(budget, own.ledger, nowMs));
  const all = [own, ...inherited].flatMap((charged) => standings(charged, nowMs));
  const blocking = blockedBy(all);
  const tightest = tightestOf(all);
  return {
    totalSpent: formatUsd(totalSpent(own.ledger)),
    blockedBy: blocking === null ? '' : blockingText(blocking),
    ...(tightest === null ? {} : { tightest: tightestStatus(tightest) }),
    budgets,
  };
}

/** WithinBudget, in words. */
export function withinBudget(blocking: string): Fact {
  if (blocking === '') return holds('WithinBudget', 'WithinLimits', 'every enforced budget of its calls admits');
  return fails('WithinBudget', 'BudgetExhausted', `calls are refused by ${blocking}`);
}

/** Nobody can say while the ledger cannot be read. */
export function unknownBudget(): Fact {
  return { ...fails('WithinBudget', 'LedgerAway', 'the ledger cannot be read'), status: 'Unknown' };
}

/** Everything that was ever spent, corrections considered; a reset does not lower it. */
export function totalSpent(ledger: SubjectLedger): Nanos {
  return (ledger.totals.u ?? 0n) - (ledger.credits.u ?? 0n);
}

interface Stands {
  readonly subject: Subject;
  readonly budget: CompiledBudget;
  readonly standing: BudgetStanding;
}

function standings({ record, ledger }: Charged, nowMs: number): Stands[] {
  return record.budgets.map((budget) => ({
    subject: record.subject,
    budget,
    standing: standingOf(budget, ledger, nowMs),
  }));
}

function budgetStatus(
  budget: CompiledBudget,
  ledger: SubjectLedger,
  nowMs: number,
): NonNullable<SubjectStatus['budgets']>[number] {
  const { window, limit, spent, state, previous } = standingOf(budget, ledger, nowMs);
  const raised = (limit ?? 0n) - (budget.limit ?? 0n);
  const countedFrom = Object.hasOwn(ledger.budgets, budget.name)
    ? ledger.budgets[budget.name]?.countedFromMs
    : undefined;
  return {
    name: budget.name,
    ...(limit === null ? {} : { limit: formatUsd(limit), usedPercent: shownPercent(spent, limit) }),
    ...(raised === 0n ? {} : { raisedBy: formatUsd(raised) }),
    spent: formatUsd(spent),
    ...(budget.rule.period === null ? {} : { windowStart: localTime(budget, window.startSeconds) }),
    ...(window.endSeconds === null ? {} : { resetsAt: localTime(budget, window.endSeconds) }),
    ...(countedFrom === undefined ? {} : { countedFrom: localTime(budget, Math.floor(countedFrom / 1000)) }),
    state,
    ...(previous === null ? {} : { previous: previousStatus(budget, previous) }),
  };
}

function previousStatus(budget: CompiledBudget, { window, spent }: PreviousWindow) {
  const { startSeconds, endSeconds = null } = window ?? {};
  return {
    ...(startSeconds === undefined ? {} : { windowStart: localTime(budget, startSeconds) }),
    ...(endSeconds === null ? {} : { windowEnd: localTime(budget, endSeconds) }),
    spent: formatUsd(spent),
  };
}

/** Of the enforced budgets that are used up, the one that blocks longest. */
function blockedBy(all: readonly Stands[]): Stands | null {
  const blocking = all.filter(
    ({ budget, standing }) => enforcedLimit(budget) !== null && standing.state === 'Exhausted',
  );
  const until = ({ standing }: Stands): number => standing.window.endSeconds ?? Infinity;
  return blocking.toSorted((a, b) => until(b) - until(a))[0] ?? null;
}

function blockingText({ subject, budget, standing }: Stands): string {
  const { endSeconds } = standing.window;
  const until = endSeconds === null ? '' : ` until ${localTime(budget, endSeconds)}`;
  const models = budget.models.length === 0 ? '' : ` (models ${budget.models.join(', ')})`;
  return `${subjectPath(subject)} budget ${budget.name}${until}${models}`.slice(0, 512);
}

/** Of the budgets with a limit, the one of which the largest share is spent; the first of equals. */
function tightestOf(all: readonly Stands[]): Stands | null {
  let found: Stands | null = null;
  for (const stands of all) {
    if (enforcedLimit(stands.budget) === null) continue;
    if (found === null || share(stands) > share(found)) found = stands;
  }
  return found;
}

/** In millionths, so that the tightest of two that round to one percent is found. */
function share({ standing: { spent, limit } }: Stands): Nanos {
  return limit === null || limit === 0n ? 1_000_000n : (spent * 1_000_000n) / limit;
}

function tightestStatus({ subject, budget, standing }: Stands): NonNullable<SubjectStatus['tightest']> {
  const { limit, spent, window } = standing;
  return {
    subject: subjectPath(subject),
    budget: budget.name,
    spent: formatUsd(spent),
    ...(limit === null ? {} : { limit: formatUsd(limit), usedPercent: `${shownPercent(spent, limit)} %` }),
    ...(window.endSeconds === null ? {} : { resetsAt: localTime(budget, window.endSeconds) }),
  };
}

const MOST_PERCENT = 2_147_483_647;

function shownPercent(spent: Nanos, limit: Nanos): number {
  return Math.min(usedPercent(spent, limit), MOST_PERCENT);
}

/** RFC 3339 with the offset of the budget's own zone: the time that its author thinks in. */
function localTime(budget: CompiledBudget, epochSeconds: number): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(epochSeconds * 1000);
  const zone = budget.rule.timeZone;
  return zone === 'UTC'
    ? instant.toString({ smallestUnit: 'second' })
    : instant.toZonedDateTimeISO(zone).toString({ smallestUnit: 'second', timeZoneName: 'never' });
}
