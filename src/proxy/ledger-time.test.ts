import { expect, it } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { createLedgerTime } from './ledger-time.ts';

const START = Date.UTC(2026, 10, 25);
const HOUR = 3_600_000;

it('follows the ledger, not the wall clock of this process', () => {
  const clock = createManualClock(START);
  const time = createLedgerTime(clock);
  time.observe(START - 5_000);
  clock.stepWall(HOUR);
  clock.advance(1_000);
  expect(time.estimateMs()).toBe(START - 4_000);
});

it('refuses a jump of ledger time that the wall clock denies', () => {
  const clock = createManualClock(START);
  const time = createLedgerTime(clock);
  time.observe(START);
  expect(time.observe(START + 30 * 24 * HOUR)).toBe(false);
  expect(time.estimateMs()).toBe(START);
});

it('believes a jump that the wall clock confirms, as after a pause of this process', () => {
  const clock = createManualClock(START);
  const time = createLedgerTime(clock);
  time.observe(START);
  clock.stepWall(HOUR);
  expect(time.observe(START + HOUR)).toBe(true);
  expect(time.estimateMs()).toBe(START + HOUR);
});
