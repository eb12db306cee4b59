/** Time as a parameter: everything that waits or looks at a clock takes one, so that a simulation can drive it. */
export interface Clock {
  /** Wall-clock epoch milliseconds. May jump; never decides about money. */
  wallMs(): number;
  /** Milliseconds that only ascend, from an arbitrary origin. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`. The returned function cancels; a pending call does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** Resolves after `delayMs` of the clock's time. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/**
 * Runs `work` every `intervalMs`, never overlapping itself, until the returned function is called. An error of `work`
 * goes to `onError` and does not end the series.
 */
export function every(
  clock: Clock,
  intervalMs: number,
  work: () => Promise<unknown>,
  onError: (error: unknown) => void,
): () => void {
  let cancel: (() => void) | undefined;
  let stopped = false;
  const next = (): void => {
    if (stopped) return;
    cancel = clock.after(intervalMs, () => {
      work().catch(onError).finally(next);
    });
  };
  next();
  return () => {
    stopped = true;
    cancel?.();
  };
}
