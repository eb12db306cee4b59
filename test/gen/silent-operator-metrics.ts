import type { OperatorMetrics, QueueMetrics } from '../../src/ports/operator-metrics.ts';

export const SILENT_QUEUE: QueueMetrics = {
  depth() {},
  added() {},
  retried() {},
  waited() {},
  worked() {},
  unfinished() {},
};

/** Metrics that nobody reads, but for what a test counts. */
export function silentOperatorMetrics(): OperatorMetrics & { readonly panics: string[] } {
  const panics: string[] = [];
  return {
    panics,
    queue: () => SILENT_QUEUE,
    reconciled() {},
    panicked: (controller) => void panics.push(controller),
    workers() {},
    apiRequest() {},
    leading() {},
  };
}
