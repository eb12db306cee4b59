import { type Hold, subjectKey } from '../../core/hold.ts';
import {
  baseStart,
  creditField,
  heldField,
  resetField,
  resetNumberField,
  totalField,
} from '../../core/ledger-fields.ts';
import { type Booking, isCreditOfReset } from '../../core/settlement.ts';
import { amountIn } from './fields.ts';
import type { Operation } from './operation.ts';

/** Applies a booking to every counter of a call: in the windows of its admission, whatever began since. */
export function book({ fields, nowMs }: Operation, hold: Hold, booking: Booking): void {
  const isLate = hold.windowEndMs !== null && nowMs >= hold.windowEndMs;
  for (const { subject, counter } of hold.charges) {
    const key = `s:${subjectKey(subject)}`;
    const bases = (isMoved: (startMs: number) => boolean): string[] =>
      [...fields.all(key).keys()].filter((field) => {
        const start = baseStart(field, counter);
        return start !== undefined && isMoved(start * 1000);
      });
    fields.add(key, heldField(counter), -booking.release);
    fields.add(key, totalField(counter), booking.charge);
    if (isLate && booking.charge > 0n) {
      for (const base of bases((startMs) => startMs > hold.admittedMs)) fields.add(key, base, booking.charge);
    }
    if (booking.credit > 0n) {
      fields.add(key, creditField(counter), booking.credit);
      for (const base of bases((startMs) => startMs <= hold.admittedMs)) credit(fields, key, base, booking);
    }
  }
}

/** A correction raises the base; what a reset took away since it was booked is corrected there instead. */
function credit(fields: Operation['fields'], key: string, base: string, booking: Booking): void {
  const reset = resetField(base);
  const amount = amountIn(fields.get(key, reset), key, reset);
  const number = Number(fields.get(key, resetNumberField(base)) ?? 0);
  if (isCreditOfReset({ amount, number }, booking)) fields.add(key, reset, -booking.credit);
  else fields.add(key, base, booking.credit);
}
