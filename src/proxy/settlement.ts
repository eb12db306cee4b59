import { estimatedUsage } from '../core/estimate.ts';
import { type Nanos, MAX_CALL_NANOS } from '../core/money.ts';
import { costNanos, type Price } from '../core/price.ts';
import { subjectPath } from '../core/subject.ts';
import type { TokenUsage, UsageReading } from '../core/usage.ts';
import type { Log } from '../ports/log.ts';
import type { ProxyMetrics } from '../ports/proxy-metrics.ts';
import type { AdmittedCall } from './admission.ts';
import type { ChatRequest } from './chat-request.ts';
import type { Session } from './session.ts';
import type { Settler } from './settler.ts';

/** How far an answer came, for its price. */
export interface Metered {
  readonly usage: UsageReading;
  /** The model that served the call, as the provider names it; null: not said, the requested one. */
  readonly model: string | null;
  /** Bytes of generated text seen, for an estimate. */
  readonly outputBytes: number;
}

/** Why a settled amount is not the provider's own figure; kept with the usage entry. */
export type Mark = 'estimated' | 'inconsistent' | 'unbelievable' | 'unpriced' | 'aborted' | 'breach';

/** What a call cost, and how that is known. */
export interface Cost {
  readonly nanos: Nanos;
  readonly tokens: TokenUsage | null;
  /** Of the served model; null: it has none. */
  readonly price: Price | null;
  readonly marks: readonly Mark[];
}

/**
 * The exact cost of an answer from the usage the provider reported; an estimate, marked, where it reported none or one
 * that cannot be believed. Never silently 0: an answer of which nothing was seen costs what such calls usually cost,
 * because what was generated unseen is billed all the same.
 */
export function costOf(call: AdmittedCall, request: ChatRequest, metered: Metered, aborted: boolean): Cost {
  const price = call.subjects.platform.prices.find(call.provider.name, metered.model ?? request.model) ?? call.price;
  const cut: Mark[] = aborted ? ['aborted'] : [];
  const reported = metered.usage.kind === 'usage' ? metered.usage.usage : null;
  if (price === null) return { nanos: 0n, tokens: reported, price, marks: [...cut, 'unpriced'] };
  if (reported !== null) {
    const nanos = costNanos(price, reported);
    if (nanos <= MAX_CALL_NANOS) {
      return { nanos, tokens: reported, price, marks: [...cut, ...exactMarks(call, metered.usage, nanos)] };
    }
  }
  const tokens = estimatedUsage(request.shape, metered.outputBytes);
  const marks: Mark[] = metered.usage.kind === 'absent' ? cut : [...cut, 'unbelievable'];
  const unseen = aborted && metered.outputBytes === 0 ? call.likely : 0n;
  return { nanos: estimatedNanos(price, tokens, unseen), tokens, price, marks: [...marks, 'estimated'] };
}

function exactMarks(call: AdmittedCall, reading: UsageReading, nanos: Nanos): Mark[] {
  const inconsistent = reading.kind === 'usage' && reading.inconsistent;
  const breach = call.isCapped && nanos > call.hold.amount;
  return [...(inconsistent ? (['inconsistent'] as const) : []), ...(breach ? (['breach'] as const) : [])];
}

function estimatedNanos(price: Price, tokens: TokenUsage, unseen: Nanos): Nanos {
  const seen = costNanos(price, tokens);
  const nanos = unseen > seen ? unseen : seen;
  return nanos > MAX_CALL_NANOS ? MAX_CALL_NANOS : nanos;
}

/** Ends calls: journals and sends the settle once per call, and counts it. */
export interface Settlement {
  /** The call cost this. Returns the amount. */
  settle(call: AdmittedCall, cost: Cost, model: string): Nanos;
  /** The provider did not serve the call: gives the hold back. */
  release(call: AdmittedCall): void;
}

export function createSettlement(deps: {
  settler: Settler;
  session: Session;
  metrics: ProxyMetrics;
  log: Log;
}): Settlement {
  const { settler, session, metrics, log } = deps;
  return {
    settle(call, cost, model) {
      settler.submit({ id: call.id, hold: call.hold, actual: cost.nanos, usage: usageEntry(call, cost, model) });
      session.closed(call.id);
      metrics.settled({
        namespace: call.subjects.key.subject.namespace,
        team: call.subjects.team?.subject.name ?? '',
        provider: call.provider.name,
        model: cost.price?.label ?? 'other',
        cost: cost.nanos,
        hold: call.hold.amount,
        usage: cost.marks.includes('estimated') ? null : cost.tokens,
        marks: cost.marks,
      });
      for (const mark of cost.marks) if (ALARMING.has(mark)) alarm(log, call, cost, mark);
      return cost.nanos;
    },
    release(call) {
      settler.submit({ id: call.id, hold: call.hold, actual: 0n, usage: null });
      session.closed(call.id);
    },
  };
}

/** One line of the usage stream: who, what, how much; compact because there is one per call. */
function usageEntry(call: AdmittedCall, cost: Cost, model: string): string {
  const { tokens } = cost;
  return JSON.stringify({
    id: `${call.id.proxy}/${call.id.seq}`,
    at: call.hold.admittedMs,
    subjects: call.subjects.all.map((record) => subjectPath(record.subject)),
    provider: call.provider.name,
    model,
    nanos: cost.nanos.toString(),
    ...(tokens === null ? {} : { input: tokens.input, cached: tokens.cacheRead, output: tokens.output }),
    ...(cost.marks.length === 0 ? {} : { marks: cost.marks }),
  });
}

/** What somebody has to look at: a provider that passed its cap under a hard budget, or a figure that cannot be. */
const ALARMING: ReadonlySet<Mark> = new Set(['breach', 'unbelievable']);

function alarm(log: Log, call: AdmittedCall, cost: Cost, mark: Mark): void {
  log.error('a call was settled in a way that needs a look', {
    mark,
    call: `${call.id.proxy}/${call.id.seq}`,
    key: subjectPath(call.subjects.key.subject),
    provider: call.provider.name,
    nanos: cost.nanos.toString(),
    hold: call.hold.amount.toString(),
  });
}
