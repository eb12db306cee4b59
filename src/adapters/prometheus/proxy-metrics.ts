import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { NANOS_PER_USD } from '../../core/money.ts';
import type { TokenUsage } from '../../core/usage.ts';
import type { ProxyMetrics } from '../../ports/proxy-metrics.ts';
import { describeRegistry, type MetricDescription } from './metric-description.ts';

/** The proxy's metrics and their text form for a scrape. */
export interface ProxyRegistry {
  readonly metrics: ProxyMetrics;
  /** Prometheus text exposition format. */
  exposition(): Promise<string>;
  /** Every metric, for the documentation test. */
  describe(): Promise<readonly MetricDescription[]>;
}

const FAST_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const RATIOS = [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 5, 10];

/** Series over this many label sets are counted under `other`: labels come from callers and providers. */
const MAX_MODELS = 500;

export function createProxyRegistry(): ProxyRegistry {
  const registry = new Registry();
  return {
    metrics: createMetrics(registry),
    exposition: () => registry.metrics(),
    describe: () => describeRegistry(registry),
  };
}

function createMetrics(registry: Registry): ProxyMetrics {
  const { requests, cost, tokens, marked, refusals } = createCounters([registry]);
  const { overhead, ledger, holdRatio, journal, sweptHolds, inFlight, foreign } = createGauges([registry]);
  const bounded = createBoundedLabel(MAX_MODELS);
  return {
    request(route, provider, model, outcome) {
      requests.inc({ route, provider, model: bounded(model), outcome });
    },
    settled(call) {
      const { namespace, team, provider, usage } = call;
      const model = bounded(call.model);
      cost.inc({ namespace, team, provider, model }, toUsd(call.cost));
      for (const mark of call.marks) marked.inc({ provider, model, mark });
      if (usage !== null) countTokens(tokens, { provider, model }, usage);
      if (call.hold > 0n) holdRatio.observe(Number(call.cost) / Number(call.hold));
    },
    refused: (reason, subjectKind) => refusals.inc({ reason, subject_kind: subjectKind }),
    overhead: (seconds) => overhead.observe(seconds),
    ledger: (op, seconds) => ledger.observe({ op }, seconds),
    journalPending: (entries) => journal.set(entries),
    swept: (holds) => sweptHolds.inc(holds),
    inFlight: (calls) => inFlight.set(calls),
    foreignCredential: () => foreign.inc(),
  };
}

/** What happened, in calls, dollars and tokens. */
function createCounters(registers: Registry[]) {
  const requests = new Counter({
    name: 'budgetd_requests_total',
    help: 'Requests by how they ended.',
    labelNames: ['route', 'provider', 'model', 'outcome'],
    registers,
  });
  const cost = new Counter({
    name: 'budgetd_cost_usd_total',
    help: 'Settled cost in USD, as this process metered it.',
    labelNames: ['namespace', 'team', 'provider', 'model'],
    registers,
  });
  const tokens = new Counter({
    name: 'budgetd_tokens_total',
    help: 'Tokens that providers reported, by kind; a kind that is part of another is counted in both.',
    labelNames: ['provider', 'model', 'kind'],
    registers,
  });
  const marked = new Counter({
    name: 'budgetd_marked_settles_total',
    help: "Calls whose settled amount is not plainly the provider's own figure, by mark.",
    labelNames: ['provider', 'model', 'mark'],
    registers,
  });
  const refusals = new Counter({
    name: 'budgetd_refusals_total',
    help: 'Calls that were not admitted, by reason.',
    labelNames: ['reason', 'subject_kind'],
    registers,
  });
  return { requests, cost, tokens, marked, refusals };
}

/** How the process itself is doing. */
function createGauges(registers: Registry[]) {
  const overhead = new Histogram({
    name: 'budgetd_proxy_overhead_seconds',
    help: 'From a request being read to its dispatch to the provider, the ledger included.',
    buckets: FAST_SECONDS,
    registers,
  });
  const ledger = new Histogram({
    name: 'budgetd_ledger_seconds',
    help: 'Ledger round trips.',
    labelNames: ['op'],
    buckets: FAST_SECONDS,
    registers,
  });
  const holdRatio = new Histogram({
    name: 'budgetd_hold_ratio',
    help: 'Actual cost over the amount held for it; above 1 the hold was too small.',
    buckets: RATIOS,
    registers,
  });
  const journal = new Gauge({
    name: 'budgetd_journal_pending',
    help: 'Settles that the ledger has not confirmed.',
    registers,
  });
  const sweptHolds = new Counter({
    name: 'budgetd_swept_holds_total',
    help: 'Holds of lost proxies that this process booked.',
    registers,
  });
  const inFlight = new Gauge({ name: 'budgetd_in_flight', help: 'Calls under way.', registers });
  const foreign = new Counter({
    name: 'budgetd_foreign_credentials_total',
    help: 'Requests whose credential is no virtual key; it is dropped, never forwarded.',
    registers,
  });
  return { overhead, ledger, holdRatio, journal, sweptHolds, inFlight, foreign };
}

function countTokens(counter: Counter, labels: { provider: string; model: string }, usage: TokenUsage): void {
  for (const [kind, count] of Object.entries(usage)) {
    if (count > 0) counter.inc({ ...labels, kind }, count);
  }
}

/** Display only: metrics are floats, money is not. */
function toUsd(nanos: bigint): number {
  return Number(nanos) / Number(NANOS_PER_USD);
}

/** Keeps the first `most` values of a label; later ones are `other`. */
function createBoundedLabel(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= most) return 'other';
    known.add(value);
    return value;
  };
}
