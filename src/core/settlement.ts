import { assert } from './assert.ts';
import type { Nanos } from './money.ts';

/** The marker of an id that was released before it was ever reserved: a delayed reserve can never open it. */
const VOID_MARKER = '-';
const settledMarker = (actual: Nanos): string => `=${actual}`;
export const sweptMarker = (booked: Nanos): string => `~${booked}`;

/** A stored open hold, taken apart: the call's identity and the two amounts that a heartbeat may raise. */
export interface OpenHold {
  readonly identity: string;
  readonly amount: Nanos;
  readonly onLost: Nanos;
}

/** Reads what is stored under an id when it is an open hold; undefined for a marker. */
export function openHold(stored: string): OpenHold | undefined {
  const match = /^(o[^|]*\|[^|]*\|[^|]*)\|([0-9]+)\|([0-9]+)$/.exec(stored);
  if (match === null) return undefined;
  const [, identity = '', amount = '', onLost = ''] = match;
  return { identity, amount: BigInt(amount), onLost: BigInt(onLost) };
}

/** Whether a repeated reserve is the one that opened the hold: the same call, its amounts perhaps raised since. */
export function isSameReserve(stored: string, record: string): boolean {
  const [known, sent] = [openHold(stored), openHold(record)];
  if (known === undefined || sent === undefined) return false;
  return known.identity === sent.identity && known.amount >= sent.amount && known.onLost >= sent.onLost;
}

/** What a settle does to every counter of its call. Amounts in nano-USD, none negative. */
export interface Booking {
  /** Held goes down by the stored hold. */
  readonly release: Nanos;
  /** The total goes up, and with it the bases of windows that began after the admission. */
  readonly charge: Nanos;
  /** The bases of windows that had begun by the admission go up, and the credits with them: spend falls. */
  readonly credit: Nanos;
  /** What is stored under the id from now on. */
  readonly marker: string;
}

export type Settlement =
  | ({ readonly kind: 'book' } & Booking)
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'conflict'; readonly recorded: string };

/**
 * The state table of a settle: what is stored under the id decides what the actual cost does.
 *
 * @param stored what the ledger has under the id; undefined when nothing
 * @param record the call's own hold record
 * @param isResolved whether the id lies at or under its proxy's low-water mark
 */
export function settlement(stored: string | undefined, record: string, actual: Nanos, isResolved: boolean): Settlement {
  if (stored === undefined) {
    if (isResolved) return { kind: 'duplicate' };
    return actual === 0n ? { kind: 'book', ...NOTHING, marker: VOID_MARKER } : chargeInFull(actual);
  }
  if (stored === VOID_MARKER) return actual === 0n ? { kind: 'duplicate' } : chargeInFull(actual);
  if (stored.startsWith('=')) {
    return stored === settledMarker(actual) ? { kind: 'duplicate' } : { kind: 'conflict', recorded: stored };
  }
  if (stored.startsWith('~')) return correctSweep(BigInt(stored.slice(1)), actual);
  const [known, sent] = [openHold(stored), openHold(record)];
  assert(sent !== undefined, `not a hold record: ${record}`);
  if (known?.identity !== sent.identity) return { kind: 'conflict', recorded: stored };
  return { kind: 'book', release: known.amount, charge: actual, credit: 0n, marker: settledMarker(actual) };
}

const NOTHING = { release: 0n, charge: 0n, credit: 0n } as const;

function chargeInFull(actual: Nanos): Settlement {
  return { kind: 'book', ...NOTHING, charge: actual, marker: settledMarker(actual) };
}

/** A sweep booked an estimate; the call's own figure replaces it by the difference. */
function correctSweep(booked: Nanos, actual: Nanos): Settlement {
  return {
    kind: 'book',
    release: 0n,
    charge: actual > booked ? actual - booked : 0n,
    credit: actual < booked ? booked - actual : 0n,
    marker: settledMarker(actual),
  };
}
