import type { Clock } from '../ports/clock.ts';
import { errorText, type Log } from '../ports/log.ts';
import type { OperatorMetrics, ReconcileResult } from '../ports/operator-metrics.ts';
import { PortError } from '../ports/record-store.ts';
import type { WorkQueue } from './work-queue.ts';

/** What came of one reconcile. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly afterMs: number }
  /** It failed: later each time. */
  | { readonly kind: 'retry'; readonly why: string };

export interface Controller {
  /** No new work; resolves when the work in hand is finished. */
  stop(): Promise<void>;
}

export interface ControllerOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly workers: number;
  reconcile(key: string): Promise<Outcome>;
}

/**
 * Workers over a queue: one key at a time each, and no key twice at once. What a reconcile throws is an outcome, never
 * the end of a worker: an infrastructure failure is tried again, anything else is a defect, counted and said.
 */
export function startController(
  { clock, log, metrics }: { clock: Clock; log: Log; metrics: OperatorMetrics },
  { name, queue, workers, reconcile }: ControllerOptions,
): Controller {
  let active = 0;

  const attempt = async (key: string): Promise<Outcome> => {
    try {
      return await reconcile(key);
    } catch (error) {
      if (error instanceof PortError) return { kind: 'retry', why: error.message };
      metrics.panicked(name);
      const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 4).join(' ') : '';
      log.error('reconcile failed: a defect', { controller: name, key, error: errorText(error), stack });
      return { kind: 'retry', why: errorText(error) };
    }
  };

  const conclude = (key: string, outcome: Outcome): ReconcileResult => {
    if (outcome.kind === 'retry') {
      log.warn('reconcile: trying again', { controller: name, key, why: outcome.why });
      queue.retry(key);
      return 'error';
    }
    queue.forget(key);
    if (outcome.kind === 'done') return 'success';
    queue.addAfter(key, outcome.afterMs);
    return 'requeue_after';
  };

  const work = async (): Promise<void> => {
    for (;;) {
      const key = await queue.take();
      if (key === null) return;
      active += 1;
      metrics.workers(name, active, workers);
      const startMs = clock.monotonicMs();
      const result = conclude(key, await attempt(key));
      active -= 1;
      metrics.workers(name, active, workers);
      metrics.reconciled(name, result, (clock.monotonicMs() - startMs) / 1000);
      queue.done(key);
    }
  };
  metrics.workers(name, 0, workers);
  const ends = Array.from({ length: workers }, work);
  return {
    async stop() {
      queue.stop();
      await Promise.all(ends);
    },
  };
}
