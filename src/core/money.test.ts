import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ceilToNanos,
  formatUsd,
  formatUsdShort,
  parsePricePerMillion,
  parsePricePerUnit,
  parseUsd,
  roundToNanos,
} from './money.ts';

const MOST = 999_999_999_999_999_999n;
const nanos = fc.bigInt({ min: 0n, max: MOST });

describe('amounts as text', () => {
  it.each<[string, bigint | undefined]>([
    ['0', 0n],
    ['5', 5_000_000_000n],
    ['12.340000012', 12_340_000_012n],
    ['0.000000001', 1n],
    ['999999999.999999999', MOST],
    ['1000000000', undefined],
    ['0.0000000001', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['01', undefined],
    ['1.', undefined],
    ['.5', undefined],
    ['1e3', undefined],
    ['1,5', undefined],
    [' 1', undefined],
    ['1\n', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['٣', undefined],
    ['', undefined],
  ])('%j is %s nano-USD', (text, amount) => {
    expect(parseUsd(text)).toBe(amount);
  });

  it('every amount survives being written and read', () => {
    fc.assert(
      fc.property(nanos, (amount) => {
        expect(parseUsd(formatUsd(amount))).toBe(amount);
      }),
    );
  });

  it('the written form is the shortest: no zeros at the end, no bare point', () => {
    fc.assert(
      fc.property(nanos, (amount) => {
        expect(formatUsd(amount)).toMatch(/^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/);
      }),
    );
  });

  it('a negative amount is the positive one with a sign', () => {
    expect(formatUsd(-1_500_000_000n)).toBe('-1.5');
    expect(formatUsd(-1n)).toBe('-0.000000001');
  });
});

describe('formatUsdShort', () => {
  it.each<[bigint, string]>([
    [0n, '0.00'],
    [5_010_000_000n, '5.01'],
    [5_000_000_000n, '5.00'],
    [5_004_999_999n, '5.00'],
    [5_005_000_000n, '5.01'],
    [999_995_000_000n, '1000.00'],
    [10_000_000n, '0.01'],
    [9_999_999n, '0.0100'],
    [1_250_000n, '0.0013'],
    [49_999n, '0.0000'],
    [-1_005_000_000n, '-1.01'],
    [-1n, '0.0000'],
  ])('%s nano-USD reads %s', (amount, text) => {
    expect(formatUsdShort(amount)).toBe(text);
  });

  it('is within half of its last place', () => {
    fc.assert(
      fc.property(nanos, (amount) => {
        const [whole = '', fraction = ''] = formatUsdShort(amount).split('.');
        const shown = BigInt(whole + fraction) * 10n ** BigInt(9 - fraction.length);
        const halfPlace = 10n ** BigInt(9 - fraction.length) / 2n;
        const error = shown - amount;
        expect(error <= halfPlace && -error < halfPlace).toBe(true);
      }),
    );
  });
});

describe('prices as text', () => {
  it.each<[string, bigint | undefined]>([
    ['0.15', 150_000n],
    ['10', 10_000_000n],
    ['0.08333333333333334', 83_333n],
    ['0.0000005', 1n],
    ['0.00000049', 0n],
    ['-1', undefined],
    ['1e-6', undefined],
    ['', undefined],
  ])('%j USD per million is %s pico-USD per token', (text, rate) => {
    expect(parsePricePerMillion(text)).toBe(rate);
  });

  it.each<[string, bigint | undefined]>([
    ['0.01', 10_000_000_000n],
    ['1', 1_000_000_000_000n],
    ['0.0000000000005', 1n],
    ['free', undefined],
  ])('%j USD is %s pico-USD', (text, rate) => {
    expect(parsePricePerUnit(text)).toBe(rate);
  });

  it('is the half-up rounding of the exact decimal', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), (whole, fraction) => {
        const exact = BigInt(whole) * 10n ** 18n + fraction;
        const text = `${whole}.${fraction.toString().padStart(18, '0')}`;
        expect(parsePricePerMillion(text)).toBe((exact + 5n * 10n ** 11n) / 10n ** 12n);
      }),
    );
  });
});

describe('rounding to nano-USD', () => {
  const picos = fc.bigInt({ min: 0n, max: 10n ** 24n });

  it('half up: at most half a nano-USD away, and exactly half goes up', () => {
    expect([499n, 500n, 1_499n, 1_500n].map(roundToNanos)).toEqual([0n, 1n, 1n, 2n]);
    fc.assert(
      fc.property(picos, (amount) => {
        const error = roundToNanos(amount) * 1_000n - amount;
        expect(error > -500n && error <= 500n).toBe(true);
      }),
    );
  });

  it('up: never less, and less than one nano-USD more', () => {
    fc.assert(
      fc.property(picos, (amount) => {
        const error = ceilToNanos(amount) * 1_000n - amount;
        expect(error >= 0n && error < 1_000n).toBe(true);
      }),
    );
  });

  it('refuses negative amounts: a cost that gives money back is a bug', () => {
    expect(() => roundToNanos(-1n)).toThrow('never negative');
    expect(() => ceilToNanos(-1n)).toThrow('never negative');
  });
});
