import type { Clock } from '../ports/clock.ts';

/** A forward jump of ledger time beyond this is believed only if the proxy's own wall clock agrees. */
const JUMP_MS = 60_000;
const WALL_TOLERANCE_MS = 600_000;

/**
 * A proxy's estimate of ledger time: the ledger's last word plus the monotonic time since. The proxy's wall clock never
 * decides; it only vetoes a jump that it denies (design section 4).
 */
export interface LedgerTime {
  /** Epoch milliseconds. */
  estimateMs(): number;
  /** Takes the ledger's word. False: the jump is not believable, treat the ledger as away. */
  observe(nowMs: number): boolean;
}

export function createLedgerTime(clock: Clock): LedgerTime {
  let lastMs: number | undefined;
  let heardAtMs = 0;
  const estimateMs = (): number => (lastMs === undefined ? clock.wallMs() : lastMs + (clock.monotonicMs() - heardAtMs));
  return {
    estimateMs: () => Math.floor(estimateMs()),
    observe(nowMs) {
      if (lastMs !== undefined) {
        const jumped = nowMs - estimateMs() > JUMP_MS;
        if (jumped && Math.abs(nowMs - clock.wallMs()) > WALL_TOLERANCE_MS) return false;
      }
      lastMs = nowMs;
      heardAtMs = clock.monotonicMs();
      return true;
    },
  };
}
