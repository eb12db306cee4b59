import { type Hold, subjectKey } from '../../core/hold.ts';
import { baseStart, creditField, heldField, totalField } from '../../core/ledger-fields.ts';
import type { Nanos } from '../../core/money.ts';
import type { Booking } from '../../core/settlement.ts';
import type { Operation } from './operation.ts';

/** Applies a booking to every counter of a call: in the windows of its admission, whatever began since. */
export function book({ fields, nowMs }: Operation, hold: Hold, booking: Booking): void {
  const isLate = hold.windowEndMs !== null && nowMs >= hold.windowEndMs;
  for (const { subject, counter } of hold.charges) {
    const key = `s:${subjectKey(subject)}`;
    const shift = (by: Nanos, isMoved: (startMs: number) => boolean): void => {
      for (const field of fields.all(key).keys()) {
        const start = baseStart(field, counter);
        if (start !== undefined && isMoved(start * 1000)) fields.add(key, field, by);
      }
    };
    fields.add(key, heldField(counter), -booking.release);
    fields.add(key, totalField(counter), booking.charge);
    if (isLate && booking.charge > 0n) shift(booking.charge, (startMs) => startMs > hold.admittedMs);
    if (booking.credit > 0n) {
      fields.add(key, creditField(counter), booking.credit);
      shift(booking.credit, (startMs) => startMs <= hold.admittedMs);
    }
  }
}
