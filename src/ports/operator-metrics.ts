/** How a reconcile ended, as the label of `controller_runtime_reconcile_total`. */
export type ReconcileResult = 'success' | 'error' | 'requeue_after';

/** What one work queue counts; names as in client-go. */
export interface QueueMetrics {
  depth(keys: number): void;
  added(): void;
  retried(): void;
  /** Seconds between a key's addition and its turn. */
  waited(seconds: number): void;
  worked(seconds: number): void;
  /** Seconds that each key in work has been in work. */
  unfinished(seconds: readonly number[]): void;
}

/** What the operator counts, under the names of controller-runtime and client-go, so that stock dashboards work. */
export interface OperatorMetrics {
  queue(name: string): QueueMetrics;
  reconciled(controller: string, result: ReconcileResult, seconds: number): void;
  /** A handler threw what no port throws: a defect. */
  panicked(controller: string): void;
  workers(controller: string, active: number, most: number): void;
  /** `code` of an answer, or `<error>`. */
  apiRequest(code: string, method: string, host: string): void;
  leading(name: string, leads: boolean): void;
}
