import type { Clock } from '../../ports/clock.ts';

/** Ends what listens to `signal` when its time is up. One request, or one watch, has one. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Milliseconds that are left; 0 when ended. */
  remainingMs(): number;
  /** Starts over, with this much time. */
  arm(ms: number): void;
  /** Stops counting: whoever waits now is not the API server. */
  disarm(): void;
  /** Ends it at once. */
  end(): void;
  /** Why the signal was aborted, for a message. */
  why(): string;
}

export function startTimeLimit(clock: Clock, firstMs: number): TimeLimit {
  const controller = new AbortController();
  let why = 'ended by the caller';
  let dueMs = Infinity;
  let cancel: (() => void) | undefined;
  const disarm = (): void => {
    cancel?.();
    dueMs = Infinity;
  };
  const arm = (ms: number): void => {
    disarm();
    dueMs = clock.monotonicMs() + ms;
    cancel = clock.after(ms, () => {
      why = `no answer within ${ms} ms`;
      controller.abort();
    });
  };
  arm(firstMs);
  return {
    signal: controller.signal,
    remainingMs: () => (controller.signal.aborted ? 0 : Math.max(0, dueMs - clock.monotonicMs())),
    arm,
    disarm,
    end: () => {
      disarm();
      controller.abort();
    },
    why: () => why,
  };
}

/** `work`, or a rejection as soon as `signal` is aborted; what `work` does after that is nobody's concern. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const done = (): void => signal.removeEventListener('abort', abort);
    work.then(resolve, reject).finally(done);
  });
}
