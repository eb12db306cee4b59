import type { AdjustmentChange, AppliedAdjustment } from '../core/adjustment.ts';
import type { CounterClass } from '../core/hold.ts';
import type { Subject } from '../core/subject.ts';
import type { Window } from '../core/window.ts';
import type { Away, Cold, Misconfigured } from './ledger.ts';

/** Another writer took over: this one must stop. */
export interface Fenced {
  readonly kind: 'fenced';
  readonly term: number;
}

export interface Claim {
  /** Data was there before: an empty ledger is a loss, answered `cold`, and not initialised. */
  readonly knownBefore: boolean;
  /** The term to claim, above every earlier one, or the claim is `fenced`; null: the next one. */
  readonly term: number | null;
  /** Identity of the cluster whose objects are written; null: not a cluster's. The first one owns the installation. */
  readonly cluster: string | null;
}

export type ClaimOutcome =
  /** `fresh`: the ledger was empty and is now initialised. */
  | { readonly kind: 'claimed'; readonly term: number; readonly fresh: boolean }
  /** The installation belongs to another cluster: two would delete each other's subjects. */
  | { readonly kind: 'foreign'; readonly cluster: string }
  | Fenced
  | Cold
  | Away
  | Misconfigured;

export type AcceptOutcome =
  | { readonly kind: 'accepted' }
  /** The ledger has its data: there is no loss to accept, and nothing was changed. */
  | { readonly kind: 'intact' }
  | Cold
  | Away
  | Misconfigured;

export interface SubjectEdit {
  readonly subject: Subject;
  /** The new revision; prefixed with `!` it refuses every call of the subject. */
  readonly revision: string;
  /** Definition hash by budget name. */
  readonly definitions: Readonly<Record<string, string>>;
}

export type EditOutcome =
  | { readonly kind: 'done' }
  /** The ledger counts another definition under this name; nothing was changed. */
  | { readonly kind: 'redefined'; readonly budgets: readonly string[] }
  | Fenced
  | Cold
  | Away
  | Misconfigured;

export interface Adjustment {
  /** Identifies the adjustment for ever; letters, digits, `.`, `_`, `-`. */
  readonly uid: string;
  readonly subject: Subject;
  /** When it was asked for, epoch ms by the clock of whoever recorded that; a later time than the ledger's is now. */
  readonly createdMs: number;
  readonly change: AdjustmentChange;
  /** The budgets that it names, all of them for `*`. */
  readonly budgets: readonly AdjustmentBudget[];
}

export interface AdjustmentBudget {
  readonly name: string;
  /** The counter that the budget reads. */
  readonly counter: CounterClass;
  /** As computed for ledger time; the ledger's own window wins for as long as it lasts. */
  readonly window: Window;
  /** Hash of the budget's definition. */
  readonly definition: string;
}

export type AdjustOutcome =
  | { readonly kind: 'adjusted'; readonly applied: AppliedAdjustment }
  /** The uid was handled before: what was done then. */
  | { readonly kind: 'duplicate'; readonly applied: AppliedAdjustment }
  /** A reset of windows that all began after it was asked for; nothing was changed. */
  | { readonly kind: 'window_over' }
  /** Ledger time is outside a proposed window; nothing was changed: compute it for `nowMs` and ask again. */
  | { readonly kind: 'moved'; readonly nowMs: number }
  | Fenced
  /** Also when the subject was never compiled. */
  | Cold
  | Away
  /** Also when the ledger counts another definition under a budget's name. */
  | Misconfigured;

export type WriteOutcome = { readonly kind: 'done' } | Fenced | Cold | Away | Misconfigured;

/**
 * What only the installation's one writer (operator or standalone) may do. Every write carries the term it claimed; an
 * older term is refused.
 */
export interface LedgerWriter {
  /** Becomes the writer, with a term above every earlier one. */
  claim(claim: Claim): Promise<ClaimOutcome>;
  /**
   * Begins anew on a ledger whose data is gone: a decision of a person, kept on record in the ledger. Terms start again;
   * whoever wrote before claims another one.
   */
  acceptLoss(): Promise<AcceptOutcome>;
  /** Sets a subject's revision after checking its budgets' definitions against what is counted. */
  edit(term: number, edit: SubjectEdit): Promise<EditOutcome>;
  /**
   * Applies an adjustment to all of its budgets at once, once for ever by its uid, and records what was done with the
   * subject. A reset raises the base of the present window by what is spent, of those windows in which it was asked for:
   * spend starts again at zero, the total stays, open holds settle after it, and a window that nobody has used yet is
   * left as it is. A raise is only recorded, with its end fixed: it binds through the compiled record.
   */
  adjust(term: number, adjustment: Adjustment): Promise<AdjustOutcome>;
  /** Sets the platform's revision. */
  editPlatform(term: number, revision: string): Promise<WriteOutcome>;
  /** Extends the installation's lease (24 h of ledger time) within which proxies trust their records. */
  renewLease(term: number): Promise<WriteOutcome>;
}
