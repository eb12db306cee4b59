import { assert } from './assert.ts';
import type { CounterClass } from './hold.ts';
import type { WindowEntry } from './ledger-fields.ts';
import type { Nanos } from './money.ts';
import { type Window, windowContains } from './window.ts';

/** What an adjustment does to each of its budgets, once. */
export type AdjustmentChange =
  | {
      readonly type: 'Raise';
      /** Nano-USD added to the limit, above 0. */
      readonly amount: Nanos;
      /** Ledger time, epoch ms, or the end of the window in which it is applied. */
      readonly until: 'WindowEnd' | number;
    }
  /** The present window starts again at zero. */
  | { readonly type: 'Reset' };

/** What was done to one budget. Amounts in nano-USD. */
export interface AdjustedBudget {
  readonly name: string;
  readonly counter: CounterClass;
  /** Start of the window in which it was done, epoch seconds. */
  readonly startSeconds: number;
  readonly spentBefore: Nanos;
  /** What the limit was raised by; of a reset what the window's base was raised by. */
  readonly amount: Nanos;
  /** When a raise ends, epoch ms of ledger time; null: it does not, or it is a reset. */
  readonly untilMs: number | null;
}

/** An adjustment as the ledger keeps it: a self-contained record, so that it is handled once and can be re-applied. */
export interface AppliedAdjustment {
  readonly uid: string;
  readonly type: AdjustmentChange['type'];
  readonly appliedMs: number;
  readonly position: { readonly incarnation: string; readonly count: number };
  readonly budgets: readonly AdjustedBudget[];
}

const PREFIX = 'a.';

/** The field of a subject that keeps an adjustment. */
export function adjustmentField(uid: string): string {
  assert(/^[A-Za-z0-9._-]+$/.test(uid), `a uid is letters, digits, ".", "_", "-": ${uid}`);
  return `${PREFIX}${uid}`;
}

/**
 * The adjustment as it is stored: `<uid>|<type>|<applied>|<incarnation>:<count>|` and, joined by `;`, per budget
 * `<name>,<counter>,<start>,<spent before>,<amount>,<until or ->`.
 */
export function encodeAdjustment({ uid, type, appliedMs, position, budgets }: AppliedAdjustment): string {
  const parts = budgets.map(({ name, counter, startSeconds, spentBefore, amount, untilMs }) =>
    [name, counter, startSeconds, spentBefore, amount, untilMs ?? '-'].join(','),
  );
  return [uid, type, appliedMs, `${position.incarnation}:${position.count}`, parts.join(';')].join('|');
}

const STORED = /^([^|]+)\|(Raise|Reset)\|([0-9]+)\|([^|:]+):([0-9]+)\|([^|]*)$/;

/** Reads {@link encodeAdjustment} back; undefined when the text is none. */
export function decodeAdjustment(text: string): AppliedAdjustment | undefined {
  const match = STORED.exec(text);
  if (match === null) return undefined;
  const [, uid = '', type = '', applied = '', incarnation = '', count = '', list = ''] = match;
  const budgets = list === '' ? [] : list.split(';').map(decodeBudget);
  if (!budgets.every((budget) => budget !== undefined)) return undefined;
  return {
    uid,
    type: type === 'Raise' ? 'Raise' : 'Reset',
    appliedMs: Number(applied),
    position: { incarnation, count: Number(count) },
    budgets,
  };
}

function decodeBudget(text: string): AdjustedBudget | undefined {
  const match = /^([^,]+),(u|f\.[^,]+),([0-9]+),([0-9]+),([0-9]+),([0-9]+|-)$/.exec(text);
  if (match === null) return undefined;
  const [, name = '', counter = '', start = '', spentBefore = '', amount = '', until = ''] = match;
  return {
    name,
    counter: counter as CounterClass,
    startSeconds: Number(start),
    spentBefore: BigInt(spentBefore),
    amount: BigInt(amount),
    untilMs: until === '-' ? null : Number(until),
  };
}

/**
 * The adjustments among a subject's stored fields, in the order in which they were applied.
 *
 * @returns undefined when one of them is not what this format writes
 */
export function adjustmentsIn(fields: ReadonlyMap<string, string>): readonly AppliedAdjustment[] | undefined {
  const stored = [...fields].flatMap(([field, text]) => (field.startsWith(PREFIX) ? [decodeAdjustment(text)] : []));
  if (!stored.every((one) => one !== undefined)) return undefined;
  return stored.toSorted((a, b) => a.appliedMs - b.appliedMs || (a.uid < b.uid ? -1 : 1));
}

/** The window that an adjustment finds. */
export type AdjustedWindow =
  /** `isUsed`: the ledger's own; otherwise nobody has used it yet. */
  | { readonly kind: 'present'; readonly window: Window; readonly isUsed: boolean }
  /** Ledger time is outside the proposed window: compute again. */
  | { readonly kind: 'elsewhere' }
  /** The budget's name is counted under another definition. */
  | { readonly kind: 'redefined' };

/**
 * The budget's present window: the ledger's own for as long as it lasts, whatever was proposed.
 *
 * @param known the budget's newest window; undefined when the budget was never counted
 */
export function adjustedWindow(
  known: WindowEntry | undefined,
  proposed: Window,
  definition: string,
  nowMs: number,
): AdjustedWindow {
  if (known !== undefined && known.definition !== definition) return { kind: 'redefined' };
  if (known !== undefined && windowContains(known.window, nowMs)) {
    return { kind: 'present', window: known.window, isUsed: true };
  }
  return windowContains(proposed, nowMs) ? { kind: 'present', window: proposed, isUsed: false } : { kind: 'elsewhere' };
}
