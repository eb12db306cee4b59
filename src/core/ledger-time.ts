/** A proxy's holds expire this long after its last sign of life; also how long sweeping pauses after a jump. */
export const DEADLINE_MS = 60_000;
/** A hold expires this long after its admission, however alive its proxy is. */
export const MAX_CALL_MS = 2 * 3_600_000;
/** A settle admitted longer ago is never applied, and a proxy silent for as long is forgotten. */
export const TOO_OLD_MS = 7 * 86_400_000;
/** How long the installation's lease lasts. */
export const LEASE_MS = 24 * 3_600_000;
/** The stored time is written at most this often. */
export const TIME_STEP_MS = 50;
/** A stored time that moves by more was away or was set: sweeping pauses. */
export const TIME_JUMP_MS = 30_000;
/** Confirmed ids are dropped in batches of at least this many, and of at most {@link PRUNE_MOST} at once. */
export const PRUNE_LEAST = 32;
export const PRUNE_MOST = 1000;

/** What an operation that writes does to the stored time. */
export interface TimeStep {
  /** Ledger time: it never goes back behind what is stored. */
  readonly nowMs: number;
  readonly store: boolean;
  /** Sweeping rests until then; null: as before. */
  readonly pauseUntilMs: number | null;
}

/** Ledger time from the server's clock and the newest stored time. */
export function timeStep(clockMs: number, storedMs: number): TimeStep {
  const nowMs = Math.max(clockMs, storedMs);
  const movedMs = nowMs - storedMs;
  return {
    nowMs,
    store: movedMs >= TIME_STEP_MS,
    pauseUntilMs: movedMs > TIME_JUMP_MS ? nowMs + DEADLINE_MS : null,
  };
}
