import type { Clock } from '../ports/clock.ts';

/** How long after the last renewal a leader still leads: less than others wait before they take over. */
const RENEW_DEADLINE_MS = 10_000;

/** Whether this process leads, by its own clock alone: a call that hangs or a pause of the process must not prolong it. */
export interface Tenure {
  isHeld(): boolean;
  /** The renewal was sent at `sentMs` of monotonic time and confirmed since. */
  renewed(sentMs: number): void;
  end(why: string): void;
  /** It was held and is over; it does not come back. */
  isOver(): boolean;
  /** Ends it by own will. Returns whether it was held. */
  resign(): boolean;
}

/** @param lost called once, when a held tenure ends other than by resignation */
export function createTenure(clock: Clock, lost: (why: string) => void): Tenure {
  let renewedMs: number | null = null;
  let isOver = false;
  const end = (why: string): void => {
    if (renewedMs === null) return;
    renewedMs = null;
    isOver = true;
    lost(why);
  };
  return {
    isHeld() {
      const isOverdue = renewedMs !== null && clock.monotonicMs() - renewedMs >= RENEW_DEADLINE_MS;
      if (isOverdue) end('the lease could not be renewed in time');
      return renewedMs !== null;
    },
    renewed(sentMs) {
      if (!isOver) renewedMs = sentMs;
    },
    end,
    isOver: () => isOver,
    resign() {
      const held = renewedMs !== null;
      renewedMs = null;
      isOver = true;
      return held;
    },
  };
}
