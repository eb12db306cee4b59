import type { AppliedAdjustment } from '../core/adjustment.ts';
import type { BudgetRefusal, Left } from '../core/admission.ts';
import type { Overdraft } from '../core/decide.ts';
import type { CounterClass, Hold, HoldId } from '../core/hold.ts';
import type { WindowBase } from '../core/ledger-fields.ts';
import type { Nanos } from '../core/money.ts';
import type { Subject } from '../core/subject.ts';
import type { Window } from '../core/window.ts';

/** One budget that a call must be admitted by. Amounts in nano-USD. */
export interface ReserveBudget {
  readonly name: string;
  readonly window: Window;
  /** Hash of the budget's definition. */
  readonly definition: string;
  /** Limit plus raises; null: counted, never refuses. */
  readonly limit: Nanos | null;
  readonly overdraft: Overdraft;
}

/** One counter of one subject, with the budgets that read it. A subject without budgets still has its total. */
export interface ReserveGroup {
  readonly subject: Subject;
  readonly counter: CounterClass;
  /** The revision the call was compiled with. */
  readonly revision: string;
  readonly budgets: readonly ReserveBudget[];
}

export interface ReserveCall {
  readonly id: HoldId;
  readonly platformRevision: string;
  /** Ledger time, epoch ms, in which the computed windows hold: `from <= now < until`. Outside: `moved`, no effect. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Charges in the order of `groups`. */
  readonly hold: Hold;
  readonly groups: readonly ReserveGroup[];
  /** A call whose price is zero in every unit passes every USD budget. */
  readonly free: boolean;
}

/** Where a write stands in the life of the ledger's data. */
export interface Position {
  readonly incarnation: string;
  readonly count: number;
}

/** The ledger cannot answer now: connection, time-out, LOADING, READONLY, CLUSTERDOWN, BUSY, MISCONF, ... */
export interface Away {
  readonly kind: 'away';
  readonly cause: string;
  /** True when the command may still execute (a time-out): the caller must release the id. */
  readonly uncertain: boolean;
}
/** The ledger's data was lost and not yet restored: nothing is admitted, nothing is settled. */
export interface Cold {
  readonly kind: 'cold';
}
/** Out of memory, no permission, unknown format, corrupt data: never admitted, whatever the policy. */
export interface Misconfigured {
  readonly kind: 'misconfigured';
  readonly what: string;
}

export type ReserveOutcome =
  | { readonly kind: 'admitted'; readonly nowMs: number; readonly left: readonly (Left | null)[] }
  | { readonly kind: 'refused'; readonly nowMs: number; readonly refusal: BudgetRefusal }
  /** Ledger time is outside [from, until), or a window of the call is not the ledger's: compute again. */
  | { readonly kind: 'moved'; readonly nowMs: number; readonly window: MovedWindow | null }
  /** The platform (`null`) or a subject was changed since the call was compiled: load and try again. */
  | { readonly kind: 'stale'; readonly nowMs: number; readonly which: Subject | null }
  /** The id is known with another content, or was voided: no effect. */
  | { readonly kind: 'conflict' }
  /** Nobody renewed the installation's lease for 24 h. */
  | { readonly kind: 'unattended' }
  | Cold
  | Away
  | Misconfigured;

/** The window that the ledger already has for a budget; the proxy adopts it until it ends. */
export interface MovedWindow {
  readonly subject: Subject;
  readonly budget: string;
  readonly window: Window;
}

export type SettleOutcome =
  | { readonly kind: 'done'; readonly position: Position }
  /** The same settle was applied before, or the id is long resolved: no effect. */
  | { readonly kind: 'duplicate' }
  /** The id was resolved with another amount: no effect, for the audit. */
  | { readonly kind: 'conflict'; readonly recorded: string }
  /** Admitted more than 7 days ago: never applied, for the audit. */
  | { readonly kind: 'too_old' }
  | Cold
  | Away
  | Misconfigured;

export interface Settle {
  readonly id: HoldId;
  readonly hold: Hold;
  /** Actual cost, nano-USD; 0 releases. May exceed the hold. */
  readonly actual: Nanos;
  /** One compact JSON entry for the usage stream; null for a release. */
  readonly usage: string | null;
  /** Every seq up to and including this one is resolved and confirmed; its marker may be dropped. */
  readonly low: number;
}

/** What the ledger knows of a subject. Amounts in nano-USD, exact. */
export interface SubjectLedger {
  readonly subject: Subject;
  /** Null: never compiled. Starts with `!` when inactive. */
  readonly revision: string | null;
  readonly totals: Readonly<Partial<Record<CounterClass, Nanos>>>;
  readonly held: Readonly<Partial<Record<CounterClass, Nanos>>>;
  /** By how much corrections lowered spend: what was spent in all = total - credit. */
  readonly credits: Readonly<Partial<Record<CounterClass, Nanos>>>;
  readonly budgets: Readonly<Record<string, BudgetLedger>>;
  /** Every adjustment that was applied, in that order. */
  readonly adjustments: readonly AppliedAdjustment[];
}

export interface BudgetLedger {
  /** The counter that the budget reads. */
  readonly counter: CounterClass;
  readonly window: Window;
  readonly definition: string;
  /** Epoch ms of the first admission under this budget. */
  readonly countedFromMs: number;
  /**
   * `total` when each known window began, by its start in epoch seconds, newest last: spent = total - base, and for an
   * earlier window the next one's base without its resets - base (core/ledger-fields `spentByWindow`).
   */
  readonly bases: readonly WindowBase[];
}

export type ReadOutcome =
  | { readonly kind: 'read'; readonly nowMs: number; readonly subjects: readonly SubjectLedger[] }
  | Cold
  | Away
  | Misconfigured;

export interface BeatRaise {
  readonly seq: number;
  /** The hold and what a sweep would book are raised to this, never lowered. Nano-USD. */
  readonly amount: Nanos;
}

export type BeatOutcome =
  /** `unknown`: of the open seqs, those that the ledger does not have open any more. */
  { readonly kind: 'beat'; readonly nowMs: number; readonly unknown: readonly number[] } | Cold | Away | Misconfigured;

export type SweepOutcome =
  | { readonly kind: 'swept'; readonly nowMs: number; readonly booked: readonly SweptHold[] }
  /** Ledger time jumped or a new incarnation began: nothing is swept for one deadline. */
  | { readonly kind: 'paused'; readonly untilMs: number }
  | Cold
  | Away
  | Misconfigured;

export interface SweptHold {
  readonly id: HoldId;
  readonly booked: Nanos;
}

/**
 * The ledger: exact money over all subjects and windows of a call, all or nothing. One contract suite
 * (test/contract/ledger.ts) runs against every adapter. No method throws for what a ledger or network can do.
 */
export interface Ledger {
  /**
   * Admits the call under every budget at once and holds its amount, or has no effect. Idempotent by id and content.
   * Never mints or changes anything for a refused call.
   */
  reserve(call: ReserveCall): Promise<ReserveOutcome>;
  /**
   * Replaces a hold by the actual cost, exactly once for ever: an open hold, a swept one (by the difference), a voided
   * or unknown one (in full). A late settle lands in the windows of its admission. Release is a settle of 0; a release
   * of an unknown id leaves a void, so that a delayed reserve can never open it.
   */
  settle(settle: Settle): Promise<SettleOutcome>;
  /** Renews the deadline of a proxy's holds and raises those whose running cost grew. */
  beat(proxy: string, open: readonly number[], raises: readonly BeatRaise[]): Promise<BeatOutcome>;
  /** Books up to `limit` holds whose proxy let its deadline pass, marked as swept. */
  sweep(limit: number): Promise<SweepOutcome>;
  /** Totals, holds and windows of subjects, read together per subject. */
  read(subjects: readonly Subject[]): Promise<ReadOutcome>;
  close(): Promise<void>;
}
