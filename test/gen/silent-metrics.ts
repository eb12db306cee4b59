import type { ProxyMetrics } from '../../src/ports/proxy-metrics.ts';

/** Counts nothing. */
export const silentMetrics: ProxyMetrics = {
  request: () => {},
  settled: () => {},
  refused: () => {},
  overhead: () => {},
  ledger: () => {},
  journalPending: () => {},
  swept: () => {},
  inFlight: () => {},
  foreignCredential: () => {},
};
