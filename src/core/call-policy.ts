import type { Nanos } from './money.ts';

export type Reservation = 'None' | 'Estimate' | 'Max';
export type OnAbort = 'Cancel' | 'Drain';
/** `Deny`, the model's context window, or a fixed reserve in nano-USD, for input that no request bounds. */
export type Unbounded =
  | { readonly type: 'Deny' }
  | { readonly type: 'ContextWindow' }
  | { readonly type: 'Fixed'; readonly reserve: Nanos };

/** How calls are held and settled (design section 5). Every field is decided. */
export interface CallPolicy {
  readonly reservation: Reservation;
  /** Cap on one hold; null is no cap, the strictest. Ignored under a Deny budget. */
  readonly maxHold: Nanos | null;
  readonly minOutputTokens: number;
  readonly onAbort: OnAbort;
  readonly unbounded: Unbounded;
  readonly ledgerDown: 'Deny' | 'Allow';
}

/** What one level (key, Team, User, mandatory Team, platform) states; an absent field is not stated. */
export type StatedCallPolicy = Partial<CallPolicy>;

export const DEFAULT_CALL_POLICY: CallPolicy = {
  reservation: 'Estimate',
  maxHold: null,
  minOutputTokens: 64,
  onAbort: 'Cancel',
  unbounded: { type: 'Deny' },
  ledgerDown: 'Deny',
};

/** One level of a call's policy. A level with budgets that does not state a field states its default. */
export interface PolicyLevel {
  readonly stated: StatedCallPolicy;
  readonly hasBudgets: boolean;
}

/**
 * The strictest of all levels wins, field by field, so that nobody can weaken a budget above him: None < Estimate <
 * Max; the largest maxHold, none at all being the strictest; the largest minOutputTokens; Cancel before Drain;
 * unbounded Deny, else the larger reserve; ledgerDown Deny.
 */
export function strictestCallPolicy(levels: readonly PolicyLevel[]): CallPolicy {
  const speaking = levels.map((level): StatedCallPolicy =>
    level.hasBudgets ? { ...DEFAULT_CALL_POLICY, ...level.stated } : level.stated,
  );
  return {
    reservation: pick(speaking, 'reservation', (a, b) => RESERVATION_RANK[a] >= RESERVATION_RANK[b]),
    maxHold: pick(speaking, 'maxHold', (a, b) => a === null || (b !== null && a >= b)),
    minOutputTokens: pick(speaking, 'minOutputTokens', (a, b) => a >= b),
    onAbort: pick(speaking, 'onAbort', (a) => a === 'Cancel'),
    unbounded: pick(speaking, 'unbounded', unboundedIsStricter),
    ledgerDown: pick(speaking, 'ledgerDown', (a) => a === 'Deny'),
  };
}

const RESERVATION_RANK: Record<Reservation, number> = { None: 0, Estimate: 1, Max: 2 };

/** Deny first; ContextWindow reserves the most that fits the model, so it is stricter than a fixed amount. */
function unboundedIsStricter(a: Unbounded, b: Unbounded): boolean {
  if (a.type === 'Deny' || b.type === 'Deny') return a.type === 'Deny';
  if (a.type === 'Fixed' && b.type === 'Fixed') return a.reserve >= b.reserve;
  return a.type === 'ContextWindow';
}

function pick<K extends keyof CallPolicy>(
  levels: readonly StatedCallPolicy[],
  field: K,
  stricter: (a: CallPolicy[K], b: CallPolicy[K]) => boolean,
): CallPolicy[K] {
  let chosen: CallPolicy[K] | undefined;
  for (const level of levels) {
    const stated = level[field];
    if (stated === undefined) continue;
    if (chosen === undefined || stricter(stated, chosen)) chosen = stated;
  }
  return chosen === undefined ? DEFAULT_CALL_POLICY[field] : chosen;
}
