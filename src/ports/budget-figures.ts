import type { Nanos } from '../core/money.ts';
import type { Subject } from '../core/subject.ts';

/** Where one budget stands, for gauges. Amounts in nano-USD. */
export interface BudgetFigures {
  readonly name: string;
  /** Raises included; null: the budget only warns. */
  readonly limit: Nanos | null;
  readonly spent: Nanos;
  readonly held: Nanos;
  /** End of the present window, epoch seconds; null: lifetime. */
  readonly resetsAtSeconds: number | null;
}

/** The money of one subject, for gauges. */
export interface SubjectFigures {
  readonly subject: Subject;
  /** Name of its Team, or ''. */
  readonly team: string;
  /** Spent in its whole life, nano-USD. */
  readonly spent: Nanos;
  readonly budgets: readonly BudgetFigures[];
}

/** Takes the figures of all subjects, read together; they replace those before. */
export type ShowFigures = (subjects: readonly SubjectFigures[]) => void;
