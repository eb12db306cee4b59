import type { WindowEntry } from './ledger-fields.ts';
import { type Window, windowContains } from './window.ts';

/** What the ledger makes of the first call of a window. */
export type WindowOpening =
  | { readonly kind: 'open'; readonly countedFromMs: number }
  /** Ledger time is outside the proposed window. */
  | { readonly kind: 'elsewhere' }
  /** Another window of the budget covers part of the proposed one: the caller adopts it. */
  | { readonly kind: 'overlap'; readonly window: Window }
  /** The budget's name is counted under another definition. */
  | { readonly kind: 'redefined' };

/**
 * Whether a window may be opened: it must contain ledger time and touch no window that the budget already has, or two
 * proxies that disagree on a zone's rules would give the budget a second limit.
 *
 * @param known the budget's current window; undefined when the budget was never counted
 */
export function openWindow(
  known: WindowEntry | undefined,
  proposed: Window,
  definition: string,
  nowMs: number,
): WindowOpening {
  if (!windowContains(proposed, nowMs)) return { kind: 'elsewhere' };
  if (known === undefined) return { kind: 'open', countedFromMs: nowMs };
  if (known.definition !== definition) return { kind: 'redefined' };
  if (overlaps(known.window, proposed)) return { kind: 'overlap', window: known.window };
  return { kind: 'open', countedFromMs: known.countedFromMs };
}

function overlaps(a: Window, b: Window): boolean {
  return a.startSeconds < (b.endSeconds ?? Infinity) && b.startSeconds < (a.endSeconds ?? Infinity);
}
