import type { Clock } from '../../src/ports/clock.ts';

export interface ManualClock extends Clock {
  /** Moves both readings on and runs the timers that become due, each at its own time, in order. */
  advance(ms: number): void;
  /** Moves only the wall clock, in either direction, as an operator or NTP would. */
  stepWall(ms: number): void;
}

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to move. */
export function createManualClock(wallMs: number): ManualClock {
  const timers = new Set<Timer>();
  let wall = wallMs;
  let monotonic = 0;
  const moveTo = (targetMs: number): void => {
    wall += targetMs - monotonic;
    monotonic = targetMs;
  };
  const earliestDue = (untilMs: number): Timer | undefined =>
    [...timers].filter((timer) => timer.dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs)[0];
  return {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    after: (delayMs, run) => {
      const timer = { dueMs: monotonic + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: (ms) => {
      const target = monotonic + ms;
      for (let due = earliestDue(target); due !== undefined; due = earliestDue(target)) {
        timers.delete(due);
        moveTo(Math.max(due.dueMs, monotonic));
        due.run();
      }
      moveTo(target);
    },
    stepWall: (ms) => {
      wall += ms;
    },
  };
}
