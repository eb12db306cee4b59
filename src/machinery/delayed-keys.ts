import type { Clock } from '../ports/clock.ts';

/** Keys that come due later; of several instants for one key the earliest wins. */
export interface DelayedKeys {
  set(key: string, delayMs: number): void;
  clear(): void;
}

/** Timers above 2^31 ms fire at once. Whoever comes early sees that it is not time yet, and waits again. */
const MOST_MS = 86_400_000;

export function createDelayedKeys(clock: Clock, due: (key: string) => void): DelayedKeys {
  const timers = new Map<string, { dueMs: number; cancel: () => void }>();
  return {
    set(key, wantedMs) {
      const delayMs = Math.min(wantedMs, MOST_MS);
      const dueMs = clock.monotonicMs() + delayMs;
      const pending = timers.get(key);
      if (pending !== undefined && pending.dueMs <= dueMs) return;
      pending?.cancel();
      const cancel = clock.after(delayMs, () => {
        timers.delete(key);
        due(key);
      });
      timers.set(key, { dueMs, cancel });
    },
    clear() {
      for (const { cancel } of timers.values()) cancel();
      timers.clear();
    },
  };
}
