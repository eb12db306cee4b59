import type { BudgetAdjustmentSpec } from '../api/budget-adjustment.ts';
import type { AppliedAdjustment } from '../core/adjustment.ts';
import { counterOf } from '../core/budget.ts';
import { formatUsd } from '../core/money.ts';
import { limitAt } from '../core/raise.ts';
import type { CompiledBudget, SubjectRecord } from '../core/record.ts';
import { standingOf } from '../core/standing.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { Outcome } from '../machinery/controller.ts';
import type { AdjustOutcome } from '../ports/ledger-writer.ts';
import type { SubjectLedger } from '../ports/ledger.ts';
import { adjustedSubject, adjustmentChange, endOf } from './adjustments.ts';
import { type Fact, fails, holds, timestamp } from './conditions.ts';
import { type CustomObject, readSpec } from './custom-object.ts';
import { subjectObject } from './naming.ts';
import { again, DONE, type Office, type Reconciling, report } from './reconciling.ts';

const AGAIN_MS = 5_000;
/** A recorded raise binds with the next record of its subject. */
const BINDING_AGAIN_MS = 100;

interface Turn {
  readonly object: CustomObject;
  readonly spec: BudgetAdjustmentSpec;
  readonly subject: Subject;
  readonly record: SubjectRecord;
  readonly office: Office;
  readonly ledger: SubjectLedger;
  readonly nowMs: number;
}

/** Applies an adjustment, once for ever by its uid, and says what was done. */
export async function reconcileAdjustment(context: Reconciling, key: string): Promise<Outcome> {
  const object = context.world.object('BudgetAdjustment', key);
  if (object === undefined) return DONE;
  const reading = readSpec('BudgetAdjustment', object);
  if (reading.kind === 'invalid') return refuse(context, object, reading);
  const subject = adjustedSubject(object.namespace, reading.spec);
  const office = context.office();
  if (office === null) return wait(context, object, fails('Applied', 'LedgerAway', 'the ledger does not take writes'));
  const record = subject === null ? undefined : office.registry.record(subject);
  if (subject === null || record === undefined || record.inactive === 'Deleted') {
    const { kind, name = '' } = reading.spec.subject;
    return wait(
      context,
      object,
      fails('Applied', 'SubjectUnresolved', `there is no ${kind} "${name}" in this namespace`),
    );
  }
  const read = await context.store.ledger.read([subject]);
  if (read.kind !== 'read') return failed(context, object, read);
  const [ledger] = read.subjects;
  if (ledger === undefined) return { kind: 'retry', why: 'the ledger answered no subject' };
  const turn: Turn = { object, spec: reading.spec, subject, record, office, ledger, nowMs: read.nowMs };
  const known = ledger.adjustments.find(({ uid }) => uid === object.uid);
  return known === undefined ? apply(context, turn) : conclude(context, turn, known);
}

async function apply(context: Reconciling, turn: Turn): Promise<Outcome> {
  const { object, spec, subject, record, office, ledger, nowMs } = turn;
  const budgets = record.budgets.filter(({ name }) => spec.budget === '*' || name === spec.budget);
  const problem = budgetProblem(spec, record, budgets);
  if (problem !== null) return refuse(context, object, { reason: 'AdjustmentRefused', message: problem });
  const outcome = await context.store.writer.adjust(office.term, {
    uid: object.uid,
    subject,
    createdMs: Date.parse(object.createdAt),
    change: adjustmentChange(spec),
    budgets: budgets.map((budget) => ({
      name: budget.name,
      counter: counterOf(budget),
      window: standingOf(budget, ledger, nowMs).window,
      definition: budget.definition,
    })),
  });
  if (outcome.kind === 'adjusted' || outcome.kind === 'duplicate') {
    context.log.info('adjustment applied', { adjustment: `${object.namespace}/${object.name}`, reason: spec.reason });
    return conclude(context, turn, outcome.applied);
  }
  return failed(context, object, outcome);
}

function budgetProblem(
  spec: BudgetAdjustmentSpec,
  record: SubjectRecord,
  budgets: readonly CompiledBudget[],
): string | null {
  if (budgets.length === 0) {
    const names = record.budgets.map(({ name }) => name).join(', ');
    return `${subjectPath(record.subject)} has no budget "${spec.budget}"${names === '' ? '' : `; it has ${names}`}`;
  }
  const unlimited = budgets.find(({ limit }) => limit === null);
  return spec.type === 'Raise' && unlimited !== undefined ? `budget ${unlimited.name} has no limit to raise` : null;
}

async function conclude(context: Reconciling, turn: Turn, applied: AppliedAdjustment): Promise<Outcome> {
  const { object, nowMs } = turn;
  const endMs = applied.type === 'Raise' ? endOf(applied) : null;
  const isOver = endMs !== null && endMs <= nowMs;
  if (applied.type === 'Raise' && !isOver && !isBinding(turn, applied)) {
    for (const subject of subjectObject(object)) context.enqueue(subject);
    if (nowMs - applied.appliedMs < AGAIN_MS) return { kind: 'again', afterMs: BINDING_AGAIN_MS };
    return wait(
      context,
      object,
      fails('Applied', 'Reconciling', 'recorded; it binds once its subject can be compiled'),
    );
  }
  const facts: Fact[] = [holds('Applied', 'AdjustmentApplied', appliedText(applied)), FINE];
  if (applied.type === 'Raise') facts.splice(1, 0, expiryFact(endMs, isOver));
  await report(context, object, facts, figures(context, turn, applied));
  // Any object's change or a withdrawn raise is the subject's to compile.
  return again(context.clock, [isOver ? null : endMs]);
}

/** Whether the record in force has every raise that was recorded. */
function isBinding({ office, subject, nowMs }: Turn, { budgets }: AppliedAdjustment): boolean {
  const record = office.registry.record(subject);
  return budgets.every(({ name, amount, untilMs }) => {
    const raises = record?.budgets.find((budget) => budget.name === name)?.raises;
    const isOver = untilMs !== null && untilMs <= nowMs;
    return (
      isOver || raises === undefined || raises.some((raise) => raise.amount === amount && raise.untilMs === untilMs)
    );
  });
}

function appliedText({ type, budgets }: AppliedAdjustment): string {
  const parts = budgets.map(({ name, amount }) =>
    type === 'Raise'
      ? `${name} raised by ${formatUsd(amount)} USD`
      : `${name} starts again at 0, ${formatUsd(amount)} USD were spent`,
  );
  return parts.join('; ');
}

function expiryFact(endMs: number | null, isOver: boolean): Fact {
  if (isOver) return holds('Expired', 'WindowEnded', 'the raise is over');
  const until = endMs === null ? 'until the object is deleted' : `until ${timestamp(endMs)}`;
  return fails('Expired', 'AdjustmentApplied', `the raise holds ${until}`);
}

/** Amounts of the one budget that it names; of several only the condition tells. They stay as they were at first. */
function figures(context: Reconciling, turn: Turn, applied: AppliedAdjustment): Record<string, unknown> {
  const present = context.statuses.present(turn.object);
  const appliedAt = timestamp(applied.appliedMs);
  const [only, ...others] = applied.budgets;
  if (only === undefined || others.length > 0) return { appliedAt };
  const budget = turn.record.budgets.find(({ name }) => name === only.name);
  const limit = budget === undefined ? null : limitAt(budget, applied.appliedMs);
  const raised = applied.type === 'Raise' ? only.amount : 0n;
  const isCounted = budget?.raises.some(({ amount, untilMs }) => amount === only.amount && untilMs === only.untilMs);
  const before = limit === null ? null : limit - (isCounted === true ? raised : 0n);
  const computed = before === null ? {} : { limitBefore: formatUsd(before), limitAfter: formatUsd(before + raised) };
  const kept =
    'limitBefore' in present ? { limitBefore: present['limitBefore'], limitAfter: present['limitAfter'] } : null;
  return { appliedAt, spentBefore: formatUsd(only.spentBefore), ...(kept ?? computed) };
}

const FINE = fails('Stalled', 'Reconciled', 'nothing waits for somebody');

async function refuse(
  context: Reconciling,
  object: CustomObject,
  { reason, message }: Pick<Fact, 'reason' | 'message'>,
): Promise<Outcome> {
  await report(context, object, [fails('Applied', reason, message), holds('Stalled', reason, message)], {});
  return DONE;
}

async function wait(context: Reconciling, object: CustomObject, fact: Fact): Promise<Outcome> {
  await report(context, object, [fact, FINE], {});
  return { kind: 'again', afterMs: AGAIN_MS };
}

type Failed = Exclude<AdjustOutcome, { kind: 'adjusted' | 'duplicate' }>;

function failed(context: Reconciling, object: CustomObject, outcome: Failed): Promise<Outcome> | Outcome {
  switch (outcome.kind) {
    case 'moved':
      return { kind: 'again', afterMs: BINDING_AGAIN_MS };
    case 'window_over': {
      const message =
        'the window in which it was asked for is over: nothing was reset; make another one if it is still wanted';
      return refuse(context, object, { reason: 'AdjustmentRefused', message });
    }
    case 'fenced':
      context.outdated(outcome.term);
      break;
    case 'cold':
      context.outdated(0);
      return wait(context, object, fails('Applied', 'LedgerCold', 'the ledger lost its data'));
    case 'away':
    case 'misconfigured':
      break;
  }
  const why = outcome.kind === 'away' ? outcome.cause : outcome.kind === 'misconfigured' ? outcome.what : 'taken over';
  return wait(context, object, fails('Applied', 'LedgerAway', `the ledger does not take writes: ${why}`));
}
