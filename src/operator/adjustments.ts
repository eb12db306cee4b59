import type { BudgetAdjustmentSpec } from '../api/budget-adjustment.ts';
import { assert } from '../core/assert.ts';
import type { AdjustmentChange, AppliedAdjustment } from '../core/adjustment.ts';
import { parseUsd } from '../core/money.ts';
import type { Raise } from '../core/raise.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { SubjectLedger } from '../ports/ledger.ts';
import { isSubjectKind, subjectOf } from './subject-object.ts';
import type { World } from './world.ts';

/** Whose budget an adjustment speaks of; null: a kind of subject that this version has no budgets for. */
export function adjustedSubject(namespace: string, { subject }: BudgetAdjustmentSpec): Subject | null {
  return isSubjectKind(subject.kind) ? subjectOf(subject.kind, `${namespace}/${subject.name ?? ''}`) : null;
}

export function adjustmentChange({ type, raise }: BudgetAdjustmentSpec): AdjustmentChange {
  if (type === 'Reset' || raise === undefined) return { type: 'Reset' };
  const amount = parseUsd(raise.amount);
  assert(amount !== undefined, `unchecked amount ${raise.amount}`);
  const until = raise.until === 'WindowEnd' ? raise.until : Temporal.Instant.from(raise.until).epochMilliseconds;
  return { type, amount, until };
}

/**
 * The raises of a subject that hold at ledger time `nowMs`, by budget: those that the ledger has recorded and whose
 * objects are there. Deleting the object withdraws the raise; what it was is the ledger's word, not the object's.
 */
export function raisesOf(
  world: World,
  subject: Subject,
  ledger: SubjectLedger,
  nowMs: number,
): ReadonlyMap<string, readonly Raise[]> {
  const living = new Set(world.naming('BudgetAdjustment', subjectPath(subject)).map(({ uid }) => uid));
  const raises = new Map<string, Raise[]>();
  for (const applied of ledger.adjustments) {
    if (applied.type !== 'Raise' || !living.has(applied.uid)) continue;
    for (const { name, amount, untilMs } of applied.budgets) {
      if (untilMs !== null && untilMs <= nowMs) continue;
      raises.set(name, [...(raises.get(name) ?? []), { amount, untilMs }]);
    }
  }
  return raises;
}

/** When the last of its raises ends, epoch ms; null: one never does, or it is a reset. */
export function endOf({ budgets }: AppliedAdjustment): number | null {
  const ends = budgets.map(({ untilMs }) => untilMs ?? Infinity);
  const last = Math.max(0, ...ends);
  return Number.isFinite(last) && last > 0 ? last : null;
}
