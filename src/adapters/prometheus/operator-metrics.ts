import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { OperatorMetrics, QueueMetrics, ReconcileResult } from '../../ports/operator-metrics.ts';
import { describeRegistry, type MetricDescription } from './metric-description.ts';

/** The operator's metrics and their text form for a scrape. */
export interface OperatorRegistry {
  readonly metrics: OperatorMetrics;
  /** Prometheus text exposition format. */
  exposition(): Promise<string>;
  /** Holds of lost proxies that were booked. */
  swept(holds: number): void;
  /** Every metric, for the documentation test. */
  describe(): Promise<readonly MetricDescription[]>;
}

/** 10 ns to 1000 s, as client-go has them. */
const QUEUE_SECONDS = Array.from({ length: 12 }, (_, power) => 10e-9 * 10 ** power);
const RECONCILE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const RESULTS: readonly ReconcileResult[] = ['success', 'error', 'requeue_after'];

/** Metrics under the names of controller-runtime and client-go. */
export function createOperatorRegistry(): OperatorRegistry {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Calls to the API server.',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: '1: this process leads.',
    labelNames: ['name'],
    registers,
  });
  const swept = new Counter({
    name: 'budgetd_swept_holds_total',
    help: 'Holds of lost proxies that this process booked.',
    registers,
  });
  return {
    metrics: {
      queue: createQueueMetrics(registers),
      ...createControllerMetrics(registers),
      apiRequest: (code, method, host) => requests.inc({ code, method, host }),
      leading: (name, leads) => leader.set({ name }, leads ? 1 : 0),
    },
    exposition: () => registry.metrics(),
    swept: (holds) => swept.inc(holds),
    describe: () => describeRegistry(registry),
  };
}

function createQueueMetrics(registers: Registry[]): (name: string) => QueueMetrics {
  const labels = ['name', 'controller'] as const;
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: labels, registers });
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames: labels, registers });
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, labelNames: labels, buckets: QUEUE_SECONDS, registers });
  const depth = gauge('workqueue_depth', 'Keys that wait.');
  const adds = counter('workqueue_adds_total', 'Keys added.');
  const retries = counter('workqueue_retries_total', 'Keys tried again after a failure.');
  const waited = histogram('workqueue_queue_duration_seconds', 'From the addition of a key to its turn.');
  const worked = histogram('workqueue_work_duration_seconds', 'Work on one key.');
  const unfinished = gauge('workqueue_unfinished_work_seconds', 'Seconds that keys in work have been in work, summed.');
  const longest = gauge('workqueue_longest_running_processor_seconds', 'Seconds of the longest work under way.');
  return (queue) => {
    const own = { name: queue, controller: queue };
    for (const metric of [depth, unfinished, longest]) metric.set(own, 0);
    for (const metric of [adds, retries]) metric.inc(own, 0);
    return {
      depth: (keys) => depth.set(own, keys),
      added: () => adds.inc(own),
      retried: () => retries.inc(own),
      waited: (seconds) => waited.observe(own, seconds),
      worked: (seconds) => worked.observe(own, seconds),
      unfinished(seconds) {
        unfinished.set(
          own,
          seconds.reduce((sum, one) => sum + one, 0),
        );
        longest.set(own, Math.max(0, ...seconds));
      },
    };
  };
}

function createControllerMetrics(registers: Registry[]): Pick<OperatorMetrics, 'reconciled' | 'panicked' | 'workers'> {
  const controller = ['controller'] as const;
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles by how they ended.',
    labelNames: ['controller', 'result'],
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciles that failed.',
    labelNames: controller,
    registers,
  });
  const panics = new Counter({
    name: 'controller_runtime_reconcile_panics_total',
    help: 'Reconciles that threw: defects.',
    labelNames: controller,
    registers,
  });
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Duration of a reconcile.',
    labelNames: controller,
    buckets: RECONCILE_SECONDS,
    registers,
  });
  const most = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Workers.',
    labelNames: controller,
    registers,
  });
  const busy = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Workers at work.',
    labelNames: controller,
    registers,
  });
  return {
    reconciled(name, result, seconds) {
      total.inc({ controller: name, result });
      if (result === 'error') errors.inc({ controller: name });
      time.observe({ controller: name }, seconds);
    },
    panicked: (name) => panics.inc({ controller: name }),
    workers(name, active, workers) {
      if (active === 0) {
        for (const result of RESULTS) total.inc({ controller: name, result }, 0);
        errors.inc({ controller: name }, 0);
        panics.inc({ controller: name }, 0);
      }
      most.set({ controller: name }, workers);
      busy.set({ controller: name }, active);
    },
  };
}
