import { estimatedUsage } from '../core/estimate.ts';
import { type Nanos, MAX_CALL_NANOS } from '../core/money.ts';
import { costNanos, type Price } from '../core/price.ts';
import { subjectPath } from '../core/subject.ts';
import type { TokenUsage, UsageReading } from '../core/usage.ts';
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
export type Mark = 'estimated' | 'inconsistent' | 'unbelievable' | 'unpriced' | 'aborted';

/** What a call cost, and how that is known. */
export interface Cost {
  readonly nanos: Nanos;
  readonly tokens: TokenUsage | null;
  readonly model: string;
  readonly marks: readonly Mark[];
}

/**
 * The exact cost of an answer from the usage the provider reported; an estimate, marked, where it reported none or one
 * that cannot be believed. Never silently 0.
 */
export function costOf(call: AdmittedCall, request: ChatRequest, metered: Metered, aborted: boolean): Cost {
  const model = metered.model ?? request.model;
  const reading = metered.usage;
  const marks: Mark[] = aborted ? ['aborted'] : [];
  if (reading.kind === 'usage' && reading.inconsistent) marks.push('inconsistent');
  if (reading.kind === 'unbelievable') marks.push('unbelievable');
  const price = servedPrice(call, model);
  const tokens = reading.kind === 'usage' ? reading.usage : estimatedUsage(request.shape, metered.outputBytes);
  if (reading.kind !== 'usage') marks.push('estimated');
  if (price === null) return { nanos: 0n, tokens, model, marks: [...marks, 'unpriced'] };
  const nanos = costNanos(price, tokens);
  if (nanos <= MAX_CALL_NANOS) return { nanos, tokens, model, marks };
  const estimated = estimatedUsage(request.shape, metered.outputBytes);
  return {
    nanos: costNanos(price, estimated),
    tokens: estimated,
    model,
    marks: [...marks, 'unbelievable', 'estimated'],
  };
}

/** The served model decides the price; one without a price costs what was asked for. */
function servedPrice(call: AdmittedCall, model: string): Price | null {
  return call.subjects.platform.prices.find(call.provider.name, model) ?? call.price;
}

/** Ends calls: journals and sends the settle once per call, and counts it. */
export interface Settlement {
  /** The call cost this. Returns the amount. */
  settle(call: AdmittedCall, cost: Cost): Nanos;
  /** The provider did not serve the call: gives the hold back. */
  release(call: AdmittedCall): void;
}

export function createSettlement(deps: { settler: Settler; session: Session; metrics: ProxyMetrics }): Settlement {
  const { settler, session, metrics } = deps;
  return {
    settle(call, cost) {
      settler.submit({ id: call.id, hold: call.hold, actual: cost.nanos, usage: usageEntry(call, cost) });
      session.closed(call.id);
      metrics.settled({
        namespace: call.subjects.key.subject.namespace,
        team: call.subjects.team?.subject.name ?? '',
        provider: call.provider.name,
        model: call.price === null ? 'other' : cost.model,
        cost: cost.nanos,
        hold: call.hold.amount,
        usage: cost.tokens,
        estimated: cost.marks.includes('estimated'),
      });
      return cost.nanos;
    },
    release(call) {
      settler.submit({ id: call.id, hold: call.hold, actual: 0n, usage: null });
      session.closed(call.id);
    },
  };
}

/** One line of the usage stream: who, what, how much; compact because there is one per call. */
function usageEntry(call: AdmittedCall, cost: Cost): string {
  const { tokens } = cost;
  return JSON.stringify({
    id: `${call.id.proxy}/${call.id.seq}`,
    at: call.hold.admittedMs,
    subjects: call.subjects.all.map((record) => subjectPath(record.subject)),
    provider: call.provider.name,
    model: cost.model,
    nanos: cost.nanos.toString(),
    ...(tokens === null ? {} : { input: tokens.input, cached: tokens.cacheRead, output: tokens.output }),
    ...(cost.marks.length === 0 ? {} : { marks: cost.marks }),
  });
}
