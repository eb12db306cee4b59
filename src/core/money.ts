import { assert } from './assert.ts';

/** Money in nano-USD (1e-9 USD), always an integer. */
export type Nanos = bigint;

/** A price in pico-USD (1e-12 USD) per unit: USD per million units x 1e6, always an integer. */
export type Picos = bigint;

export const NANOS_PER_USD = 1_000_000_000n;
const PICOS_PER_NANO = 1_000n;

/** The most one call may cost: 1,000,000 USD. A larger figure is not believed (design section 12). */
export const MAX_CALL_NANOS: Nanos = 1_000_000n * NANOS_PER_USD;

/** Decimal USD with at most 9 integer and 9 fraction digits; the form of every amount in a manifest. */
export const USD_PATTERN = /^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$/;

/**
 * Reads decimal USD text, such as `"12.340000012"`, exactly.
 *
 * @returns nano-USD, or undefined when the text does not match {@link USD_PATTERN}
 */
export function parseUsd(text: string): Nanos | undefined {
  if (!USD_PATTERN.test(text)) return undefined;
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * NANOS_PER_USD + BigInt(fraction.padEnd(9, '0'));
}

/** Writes nano-USD as the shortest exact decimal USD text: `1234000000n` is `"1.234"`. */
export function formatUsd(nanos: Nanos): string {
  const sign = nanos < 0n ? '-' : '';
  const magnitude = nanos < 0n ? -nanos : nanos;
  const whole = magnitude / NANOS_PER_USD;
  const fraction = (magnitude % NANOS_PER_USD).toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** Writes nano-USD for people: two decimals, half up, or four when the amount is under a cent. */
export function formatUsdShort(nanos: Nanos): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const places = magnitude !== 0n && magnitude < NANOS_PER_USD / 100n ? 4 : 2;
  const unit = 10n ** BigInt(9 - places);
  const rounded = (magnitude + unit / 2n) / unit;
  const scale = 10n ** BigInt(places);
  const sign = nanos < 0n && rounded !== 0n ? '-' : '';
  return `${sign}${rounded / scale}.${(rounded % scale).toString().padStart(places, '0')}`;
}

/**
 * Reads a price in decimal USD per million units, such as `"0.15"`, at up to 6 fraction digits exactly and half-up
 * beyond (the error is at most half a pico-USD per unit).
 *
 * @returns pico-USD per unit, or undefined when the text is no plain non-negative decimal
 */
export function parsePricePerMillion(text: string): Picos | undefined {
  return parseScaled(text, 6);
}

/**
 * Reads a price in decimal USD for one unit (a request, an image, a second, a tool call), such as `"0.01"`.
 *
 * @returns pico-USD per unit, or undefined when the text is no plain non-negative decimal
 */
export function parsePricePerUnit(text: string): Picos | undefined {
  return parseScaled(text, 12);
}

function parseScaled(text: string, digits: number): bigint | undefined {
  const match = /^([0-9]{1,9})(?:\.([0-9]{1,18}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = '0', fraction = ''] = match;
  const padded = fraction.padEnd(digits, '0');
  const kept = BigInt(whole) * 10n ** BigInt(digits) + BigInt(padded.slice(0, digits));
  return padded.charAt(digits) >= '5' ? kept + 1n : kept;
}

/** Rounds a call's pico-USD half-up to nano-USD: the one rounding of a settled call. */
export function roundToNanos(picos: Picos): Nanos {
  assert(picos >= 0n, `a cost is never negative: ${picos}`);
  return (picos + PICOS_PER_NANO / 2n) / PICOS_PER_NANO;
}

/** Rounds pico-USD up to nano-USD: holds never promise less than they may cost. */
export function ceilToNanos(picos: Picos): Nanos {
  assert(picos >= 0n, `a hold is never negative: ${picos}`);
  return (picos + PICOS_PER_NANO - 1n) / PICOS_PER_NANO;
}
