import {
  type AdjustedBudget,
  adjustedWindow,
  adjustmentField,
  type AppliedAdjustment,
  decodeAdjustment,
  encodeAdjustment,
} from '../../core/adjustment.ts';
import { subjectKey } from '../../core/hold.ts';
import {
  baseField,
  decodeWindowEntry,
  resetField,
  resetNumberField,
  REVISION_FIELD,
  totalField,
  windowField,
} from '../../core/ledger-fields.ts';
import { windowContains } from '../../core/window.ts';
import type { Adjustment, AdjustmentBudget, AdjustOutcome } from '../../ports/ledger-writer.ts';
import { LedgerDataError } from './database.ts';
import { amountIn } from './fields.ts';
import { META, type Operation, resetsOf } from './operation.ts';
import { advance } from './settle.ts';

/** The subject that is adjusted, with its fields. */
interface Adjusted {
  readonly key: string;
  readonly stored: ReadonlyMap<string, string>;
}

/** `LedgerWriter.adjust` in one transaction, in the order of the Redis script. */
export function adjust(operation: Operation, adjustment: Adjustment): AdjustOutcome {
  const { fields, nowMs } = operation;
  const key = `s:${subjectKey(adjustment.subject)}`;
  const subject: Adjusted = { key, stored: fields.all(key) };
  if (!subject.stored.has(REVISION_FIELD)) return { kind: 'cold' };
  const field = adjustmentField(adjustment.uid);
  const before = subject.stored.get(field);
  if (before !== undefined) return { kind: 'duplicate', applied: appliedIn(before, key, field) };

  const budgets: AdjustedBudget[] = [];
  for (const budget of adjustment.budgets) {
    const found = adjusted(operation, subject, adjustment, budget);
    if ('kind' in found) return found;
    budgets.push(...found);
  }
  const { type } = adjustment.change;
  if (type === 'Reset' && budgets.length === 0) return { kind: 'window_over' };
  const position = advance(operation);
  if (type === 'Reset') raiseBases(operation, subject, budgets);
  const applied: AppliedAdjustment = { uid: adjustment.uid, type, appliedMs: nowMs, position, budgets };
  fields.set(key, field, encodeAdjustment(applied));
  return { kind: 'adjusted', applied };
}

function appliedIn(text: string, key: string, field: string): AppliedAdjustment {
  const applied = decodeAdjustment(text);
  if (applied === undefined) throw new LedgerDataError(`${key} has no adjustment in ${field}`);
  return applied;
}

/** What becomes of one budget, none when its window began after the reset was asked for; or why nothing may be done. */
function adjusted(
  { nowMs }: Operation,
  subject: Adjusted,
  { createdMs, change, subject: { kind, namespace, name } }: Adjustment,
  budget: AdjustmentBudget,
): AdjustedBudget[] | AdjustOutcome {
  const found = adjustedWindow(entryOf(subject, budget.name), budget.window, budget.definition, nowMs);
  if (found.kind === 'elsewhere') return { kind: 'moved', nowMs };
  if (found.kind === 'redefined') {
    const what = `budget ${budget.name} of ${kind}/${namespace}/${name} is counted under another definition: it cannot be adjusted`;
    return { kind: 'misconfigured', what };
  }
  const { window, isUsed } = found;
  const spentBefore = isUsed ? spentIn(subject, budget, window.startSeconds) : 0n;
  const common = { name: budget.name, counter: budget.counter, startSeconds: window.startSeconds, spentBefore };
  if (change.type === 'Reset') {
    const isAskedFor = windowContains(window, Math.min(createdMs, nowMs));
    return isAskedFor ? [{ ...common, amount: spentBefore, untilMs: null }] : [];
  }
  const windowEndMs = window.endSeconds === null ? null : window.endSeconds * 1000;
  return [{ ...common, amount: change.amount, untilMs: change.until === 'WindowEnd' ? windowEndMs : change.until }];
}

function entryOf({ key, stored }: Adjusted, budget: string): ReturnType<typeof decodeWindowEntry> {
  const text = stored.get(windowField(budget));
  const entry = text === undefined ? undefined : decodeWindowEntry(text);
  if (text !== undefined && entry === undefined) {
    throw new LedgerDataError(`${key} has no window in ${windowField(budget)}`);
  }
  return entry;
}

function spentIn({ key, stored }: Adjusted, { name, counter }: AdjustmentBudget, startSeconds: number): bigint {
  const base = baseField(counter, name, startSeconds);
  if (!stored.has(base)) throw new LedgerDataError(`${key} has lost ${base}`);
  const total = totalField(counter);
  const spent = amountIn(stored.get(total), key, total) - amountIn(stored.get(base), key, base);
  return spent > 0n ? spent : 0n;
}

/** A reset has a number, so that a correction knows whether what it corrects was spent before or after it. */
function raiseBases(operation: Operation, { key }: Adjusted, budgets: readonly AdjustedBudget[]): void {
  const { fields } = operation;
  const number = String(resetsOf(operation) + 1);
  fields.set(META, 'resets', number);
  for (const { name, counter, startSeconds, amount } of budgets) {
    if (amount === 0n) continue;
    const base = baseField(counter, name, startSeconds);
    fields.add(key, base, amount);
    fields.add(key, resetField(base), amount);
    fields.set(key, resetNumberField(base), number);
  }
}
