import { counterOf } from './budget.ts';
import { spentByWindow, type SubjectFields } from './ledger-fields.ts';
import type { Nanos } from './money.ts';
import { limitAt } from './raise.ts';
import type { CompiledBudget } from './record.ts';
import { type BudgetState, budgetState } from './threshold.ts';
import { type Window, windowAt, windowContains } from './window.ts';

/** A budget as it stands now. Amounts in nano-USD. */
export interface BudgetStanding {
  readonly window: Window;
  /** The limit that holds now, raises included; null: none. */
  readonly limit: Nanos | null;
  readonly spent: Nanos;
  readonly held: Nanos;
  /** Never below 0; null without a limit. */
  readonly remaining: Nanos | null;
  readonly state: BudgetState;
  /** The last window before that was used, as far as the ledger remembers it. */
  readonly previous: PreviousWindow | null;
}

export interface PreviousWindow {
  /** Null: only its start is stored, and the rule computes no such window. */
  readonly window: Window | null;
  readonly spent: Nanos;
}

/** Where a budget stands at ledger time `nowMs`; a window nobody has used yet is unspent. */
export function standingOf(budget: CompiledBudget, subject: SubjectFields, nowMs: number): BudgetStanding {
  const known = Object.hasOwn(subject.budgets, budget.name) ? subject.budgets[budget.name] : undefined;
  const isCurrent = known !== undefined && windowContains(known.window, nowMs);
  const window = isCurrent ? known.window : windowAt(budget.rule, nowMs);
  const used = known === undefined ? [] : usedWindows(subject, budget.name);
  const present = used.at(-1)?.startSeconds === window.startSeconds ? used.pop() : undefined;
  const spent = present?.spent ?? 0n;
  const held = subject.held[counterOf(budget)] ?? 0n;
  const limit = limitAt(budget, nowMs);
  const left = limit === null ? null : limit - spent - held;
  const remaining = left !== null && left < 0n ? 0n : left;
  const previous = previousWindow(budget, known?.window, used.at(-1));
  return { window, limit, spent, held, remaining, state: budgetState(spent, limit, budget.soft), previous };
}

/** Of the newest window the ledger keeps both ends; of an earlier one the start, and its end is the rule's. */
function previousWindow(
  budget: CompiledBudget,
  newest: Window | undefined,
  before: UsedWindow | undefined,
): PreviousWindow | null {
  if (before === undefined) return null;
  const { startSeconds, spent } = before;
  if (newest?.startSeconds === startSeconds) return { window: newest, spent };
  const computed = windowAt(budget.rule, startSeconds * 1000);
  return { window: computed.startSeconds === startSeconds ? computed : null, spent };
}

interface UsedWindow {
  readonly startSeconds: number;
  readonly spent: Nanos;
}

/** The windows whose bases are stored, newest last. */
function usedWindows(subject: SubjectFields, budget: string): UsedWindow[] {
  const spent = spentByWindow(subject, budget);
  const bases = subject.budgets[budget]?.bases ?? [];
  return bases.map(({ startSeconds }, i) => ({ startSeconds, spent: spent[i] ?? 0n }));
}
