import { counterOf } from './budget.ts';
import type { SubjectFields } from './ledger-fields.ts';
import type { Nanos } from './money.ts';
import type { CompiledBudget } from './record.ts';
import { type BudgetState, budgetState } from './threshold.ts';
import { type Window, windowAt, windowContains } from './window.ts';

/** A budget as it stands now. Amounts in nano-USD. */
export interface BudgetStanding {
  readonly window: Window;
  readonly spent: Nanos;
  readonly held: Nanos;
  readonly limit: Nanos | null;
  /** Never below 0; null without a limit. */
  readonly remaining: Nanos | null;
  readonly state: BudgetState;
  /** The window that was used before this one; null: none is known. */
  readonly previous: PreviousWindow | null;
}

export interface PreviousWindow {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly spent: Nanos;
}

/** Where a budget stands at ledger time `nowMs`; a window nobody has used yet is unspent. */
export function standingOf(budget: CompiledBudget, ledger: SubjectFields, nowMs: number): BudgetStanding {
  const counter = counterOf(budget);
  const known = Object.hasOwn(ledger.budgets, budget.name) ? ledger.budgets[budget.name] : undefined;
  const window =
    known !== undefined && windowContains(known.window, nowMs) ? known.window : windowAt(budget.rule, nowMs);
  const total = ledger.totals[counter] ?? 0n;
  const base = known?.bases.find((candidate) => candidate.startSeconds === window.startSeconds)?.base;
  const spent = base === undefined ? 0n : total - base;
  const held = ledger.held[counter] ?? 0n;
  const left = budget.limit === null ? null : budget.limit - spent - held;
  return {
    window,
    spent,
    held,
    limit: budget.limit,
    remaining: left !== null && left < 0n ? 0n : left,
    state: budgetState(spent, budget.limit, budget.soft),
    previous: previousWindow(budget, known?.bases ?? [], { window, total: base ?? total }),
  };
}

/** Bases are where the total stood when each window was first used, so one window's spend ends at the next one's base. */
function previousWindow(
  budget: CompiledBudget,
  bases: readonly { readonly startSeconds: number; readonly base: Nanos }[],
  at: { readonly window: Window; readonly total: Nanos },
): PreviousWindow | null {
  const last = bases.findLast(({ startSeconds }) => startSeconds < at.window.startSeconds);
  if (last === undefined) return null;
  const { endSeconds } = windowAt(budget.rule, last.startSeconds * 1000);
  return endSeconds === null ? null : { startSeconds: last.startSeconds, endSeconds, spent: at.total - last.base };
}
