import type { Overdraft } from './decide.ts';
import type { CounterClass } from './hold.ts';
import { modelIsListed } from './model-glob.ts';
import type { Nanos } from './money.ts';
import { type WindowRule, windowRuleText } from './window.ts';

/** A named limit of a subject, compiled. Amounts in nano-USD. */
export interface Budget {
  readonly name: string;
  /** Null: the budget only warns (softLimit without limit). */
  readonly limit: Nanos | null;
  readonly soft: Nanos | null;
  readonly rule: WindowRule;
  /** Only calls to these models count; empty: all. */
  readonly models: readonly string[];
  readonly mode: 'Enforce' | 'Observe';
  readonly overdraft: Overdraft;
}

/** The counter that a budget reads: its subject's total, or its own when it counts only some models. */
export function counterOf(budget: Budget): CounterClass {
  return budget.models.length === 0 ? 'u' : `f.${budget.name}`;
}

/** Whether a call to the requested model counts against the budget. */
export function budgetCounts(budget: Budget, provider: string, model: string): boolean {
  return modelIsListed(budget.models, provider, model);
}

/** The limit that admission tests: none for a budget that observes. */
export function enforcedLimit(budget: Budget): Nanos | null {
  return budget.mode === 'Enforce' ? budget.limit : null;
}

/**
 * What may never change under one budget name (design section 3.4), as canonical text. The ledger keeps it (hashed) with
 * the budget's window and refuses another one: `BudgetRedefined`.
 */
export function definitionText(budget: Budget): string {
  return `${windowRuleText(budget.rule)}#${budget.models.toSorted().join(',')}`;
}
