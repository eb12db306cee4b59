import { expect, test } from 'vitest';
import { isCreditOfReset, isSameReserve, openHold, settlement, sweptMarker } from './settlement.ts';

const RECORD = 'o1000|5000|vkey:shop/bot,u|100|60';
const RAISED = 'o1000|5000|vkey:shop/bot,u|180|170';
const OTHER = 'o1001|5000|vkey:shop/bot,u|100|60';

function book(release: bigint, charge: bigint, credit: bigint, marker: string, resets = 0): unknown {
  return { kind: 'book', release, charge, credit, marker, resets };
}

test('the state table: what is stored under the id decides what a cost does', () => {
  const table: [string | undefined, bigint, boolean, unknown][] = [
    [RECORD, 30n, false, book(100n, 30n, 0n, '=30')],
    [RECORD, 0n, false, book(100n, 0n, 0n, '=0')],
    [RAISED, 30n, false, book(180n, 30n, 0n, '=30')],
    [OTHER, 30n, false, { kind: 'conflict', recorded: OTHER }],
    ['=30', 30n, false, { kind: 'duplicate' }],
    ['=30', 31n, false, { kind: 'conflict', recorded: '=30' }],
    ['~60:0', 90n, false, book(0n, 30n, 0n, '=90')],
    ['~60:7', 10n, false, book(0n, 0n, 50n, '=10', 7)],
    ['~60:0', 60n, false, book(0n, 0n, 0n, '=60')],
    ['-', 0n, false, { kind: 'duplicate' }],
    ['-', 30n, false, book(0n, 30n, 0n, '=30')],
    [undefined, 30n, false, book(0n, 30n, 0n, '=30')],
    [undefined, 0n, false, book(0n, 0n, 0n, '-')],
    [undefined, 30n, true, { kind: 'duplicate' }],
    [undefined, 0n, true, { kind: 'duplicate' }],
    [RECORD, 30n, true, book(100n, 30n, 0n, '=30')],
  ];
  for (const [stored, actual, isResolved, expected] of table) {
    expect(settlement(stored, RECORD, actual, isResolved), `${stored} settled with ${actual}`).toEqual(expected);
  }
});

test('a stored hold is taken apart without losing its identity; a marker is none', () => {
  expect(openHold(RECORD)).toEqual({ identity: 'o1000|5000|vkey:shop/bot,u', amount: 100n, onLost: 60n });
  for (const marker of ['=30', '~60:0', '-', '']) expect(openHold(marker)).toBeUndefined();
});

test('a repeated reserve is the same call with amounts that were at most raised since', () => {
  expect(isSameReserve(RECORD, RECORD)).toBe(true);
  expect(isSameReserve(RAISED, RECORD)).toBe(true);
  expect(isSameReserve(RECORD, RAISED)).toBe(false);
  expect(isSameReserve(RECORD, OTHER)).toBe(false);
  expect(isSameReserve('=100', RECORD)).toBe(false);
});

test('a credit belongs to a reset that came after the booking, and is not more than the reset took', () => {
  const correction = settlement(sweptMarker(60n, 3), RECORD, 10n, false);
  if (correction.kind !== 'book') throw new Error('it is booked');
  expect(correction.credit).toBe(50n);
  expect(isCreditOfReset({ amount: 80n, number: 4 }, correction)).toBe(true);
  expect(isCreditOfReset({ amount: 50n, number: 4 }, correction)).toBe(true);
  expect(isCreditOfReset({ amount: 49n, number: 4 }, correction)).toBe(false);
  expect(isCreditOfReset({ amount: 80n, number: 3 }, correction)).toBe(false);
  expect(isCreditOfReset({ amount: 0n, number: 0 }, correction)).toBe(false);
});
