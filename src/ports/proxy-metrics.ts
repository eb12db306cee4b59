import type { RefusalReason } from '../core/decide.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Nanos } from '../core/money.ts';
import type { SubjectKind } from '../core/subject.ts';
import type { TokenUsage } from '../core/usage.ts';

/** How a request ended, as the label of `budgetd_requests_total`. */
export type RequestOutcome = 'served' | 'refused' | 'upstream_error' | 'aborted' | 'unavailable';

export interface ServedCall {
  readonly namespace: string;
  /** Team name or ''. */
  readonly team: string;
  readonly provider: string;
  /** The glob of the price entry that applies, else `other`: labels come from closed sets. */
  readonly model: string;
  readonly cost: Nanos;
  readonly hold: Nanos;
  /** As the provider reported it; null: the call was estimated. */
  readonly usage: TokenUsage | null;
  /** Why the amount is not plainly the provider's figure. */
  readonly marks: readonly string[];
}

/** What the proxy counts. Names, labels and meanings: docs/metrics.md, compared with the registry by a test. */
export interface ProxyMetrics {
  request(route: string, provider: string, model: string, outcome: RequestOutcome): void;
  settled(call: ServedCall): void;
  refused(reason: RefusalReason | ErrorCode, subjectKind: SubjectKind | ''): void;
  /** Seconds between the request's arrival and its dispatch to the provider. */
  overhead(seconds: number): void;
  ledger(operation: string, seconds: number): void;
  journalPending(entries: number): void;
  swept(holds: number): void;
  inFlight(calls: number): void;
  /** A caller's credential that is no virtual key was dropped. */
  foreignCredential(): void;
}
