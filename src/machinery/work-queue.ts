import type { Clock } from '../ports/clock.ts';
import type { QueueMetrics } from '../ports/operator-metrics.ts';
import { createDelayedKeys } from './delayed-keys.ts';
import { createWaitingKeys, type Urgency } from './waiting-keys.ts';

/**
 * Keys to work on. A key that is added again before its turn is there once; one that is added while it is worked on has
 * another turn after it, never at the same time.
 */
export interface WorkQueue {
  add(key: string, urgency?: Urgency): void;
  /** The earliest of several wins. */
  addAfter(key: string, delayMs: number): void;
  /** After a failure: later each time, until `forget`. */
  retry(key: string): void;
  /** The key's failures are over. */
  forget(key: string): void;
  /** Null: stopped. */
  take(): Promise<string | null>;
  done(key: string): void;
  /** Keys that wait or are worked on; delayed ones do not count. */
  size(): number;
  stop(): void;
}

const FIRST_RETRY_MS = 5;
const MOST_RETRY_MS = 300_000;

export function createWorkQueue({ clock, metrics }: { clock: Clock; metrics: QueueMetrics }): WorkQueue {
  const waiting = createWaitingKeys();
  const working = new Map<string, number>();
  const again = new Map<string, Urgency>();
  const failures = new Map<string, number>();
  const delayed = createDelayedKeys(clock, (key) => add(key, 'later'));
  const takers: ((key: string | null) => void)[] = [];
  let stopped = false;

  const next = (): string | null => {
    const found = waiting.next();
    if (found === undefined) return null;
    const nowMs = clock.monotonicMs();
    metrics.depth(waiting.size());
    metrics.waited((nowMs - found.sinceMs) / 1000);
    working.set(found.key, nowMs);
    return found.key;
  };

  function add(key: string, urgency: Urgency = 'now'): void {
    if (stopped) return;
    if (working.has(key)) {
      if (again.get(key) !== 'now') again.set(key, urgency);
      return;
    }
    if (!waiting.add(key, urgency, clock.monotonicMs())) return;
    metrics.added();
    metrics.depth(waiting.size());
    takers.shift()?.(next());
  }

  return {
    add,
    addAfter: delayed.set,
    retry(key) {
      const failed = failures.get(key) ?? 0;
      failures.set(key, failed + 1);
      metrics.retried();
      delayed.set(key, Math.min(FIRST_RETRY_MS * 2 ** failed, MOST_RETRY_MS));
    },
    forget: (key) => void failures.delete(key),
    take() {
      const key = stopped ? null : next();
      return key !== null || stopped ? Promise.resolve(key) : new Promise((resolve) => takers.push(resolve));
    },
    done(key) {
      const nowMs = clock.monotonicMs();
      metrics.worked((nowMs - (working.get(key) ?? nowMs)) / 1000);
      working.delete(key);
      const urgency = again.get(key);
      again.delete(key);
      if (urgency !== undefined) add(key, urgency);
      metrics.unfinished([...working.values()].map((sinceMs) => (nowMs - sinceMs) / 1000));
    },
    size: () => waiting.size() + working.size,
    stop() {
      stopped = true;
      delayed.clear();
      for (const taker of takers.splice(0)) taker(null);
    },
  };
}
