import { assert } from './assert.ts';
import type { Nanos } from './money.ts';

/** The marker of an id that was released before it was ever reserved: a delayed reserve can never open it. */
const VOID_MARKER = '-';
const settledMarker = (actual: Nanos): string => `=${actual}`;
/** What a sweep booked, and how many resets the installation had seen by then. */
export const sweptMarker = (booked: Nanos, resets: number): string => `~${booked}:${resets}`;

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
  /** With a credit: how many resets the installation had seen when what it corrects was booked. */
  readonly resets: number;
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
  if (stored.startsWith('~')) return correctSweep(stored, actual);
  const [known, sent] = [openHold(stored), openHold(record)];
  assert(sent !== undefined, `not a hold record: ${record}`);
  if (known?.identity !== sent.identity) return { kind: 'conflict', recorded: stored };
  return { kind: 'book', ...NOTHING, release: known.amount, charge: actual, marker: settledMarker(actual) };
}

const NOTHING = { release: 0n, charge: 0n, credit: 0n, resets: 0 } as const;

function chargeInFull(actual: Nanos): Settlement {
  return { kind: 'book', ...NOTHING, charge: actual, marker: settledMarker(actual) };
}

/** A sweep booked an estimate; the call's own figure replaces it by the difference. */
function correctSweep(stored: string, actual: Nanos): Settlement {
  const match = /^~([0-9]+):([0-9]+)$/.exec(stored);
  assert(match !== null, `not a swept hold: ${stored}`);
  const booked = BigInt(match[1] ?? '');
  return {
    kind: 'book',
    release: 0n,
    charge: actual > booked ? actual - booked : 0n,
    credit: actual < booked ? booked - actual : 0n,
    resets: Number(match[2]),
    marker: settledMarker(actual),
  };
}

/** What resets did to a window: by how much in all, and the number of the last one. */
export interface WindowReset {
  readonly amount: Nanos;
  readonly number: number;
}

/**
 * Whether a credit belongs to what a reset took from a window: it corrects what was booked before that reset. It then
 * lowers the reset's amount; lowering the window's spend would count it twice.
 */
export function isCreditOfReset(reset: WindowReset, { credit, resets }: Booking): boolean {
  return reset.number > resets && reset.amount >= credit;
}
