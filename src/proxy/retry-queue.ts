import type { Clock } from '../ports/clock.ts';

/** Sends items until each was taken: at once, then in growing intervals while whoever takes them is away. */
export interface RetryQueue<T> {
  add(item: T): void;
  /** Adds an item to be sent with the next batch, not at once. */
  defer(item: T): void;
  /** Items not yet taken. */
  pending(): number;
  /** Resolves true when nothing is pending, or false after `timeoutMs`. */
  drain(timeoutMs: number): Promise<boolean>;
  stop(): void;
}

const FIRST_MS = 100;
const MOST_MS = 5_000;
const BATCH = 64;

/** @param send resolves true when the item was taken; false, or a rejection, has it sent again later */
export function createRetryQueue<T>(clock: Clock, send: (item: T) => Promise<boolean>): RetryQueue<T> {
  const backlog = new Set<T>();
  const idle = new Set<() => void>();
  let inFlight = 0;
  let delayMs = FIRST_MS;
  let cancel: (() => void) | undefined;
  let stopped = false;

  const attempt = async (item: T): Promise<boolean> => {
    inFlight += 1;
    const taken = await send(item).catch(() => false);
    inFlight -= 1;
    if (!taken) backlog.add(item);
    else if (inFlight === 0 && backlog.size === 0) for (const wake of idle) wake();
    return taken;
  };

  const retry = async (): Promise<void> => {
    const batch = [...backlog].slice(0, BATCH);
    for (const item of batch) backlog.delete(item);
    const taken = await Promise.all(batch.map(attempt));
    delayMs = taken.every(Boolean) ? FIRST_MS : Math.min(delayMs * 2, MOST_MS);
    schedule();
  };

  const schedule = (): void => {
    if (stopped || backlog.size === 0 || cancel !== undefined) return;
    cancel = clock.after(delayMs, () => {
      cancel = undefined;
      void retry();
    });
  };

  const pending = (): number => inFlight + backlog.size;
  return {
    add: (item) => void attempt(item).then(schedule),
    defer(item) {
      backlog.add(item);
      schedule();
    },
    pending,
    drain(timeoutMs) {
      if (pending() === 0) return Promise.resolve(true);
      return new Promise((resolve) => {
        const end = (drained: boolean): void => {
          idle.delete(wake);
          giveUp();
          resolve(drained);
        };
        const wake = (): void => end(true);
        const giveUp = clock.after(timeoutMs, () => end(false));
        idle.add(wake);
      });
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
