import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySubject } from '../../test/gen/subjects.ts';
import { type CounterClass, decodeHold, encodeHold, type Hold } from './hold.ts';

const budgetName = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const counter = fc.oneof(
  fc.constant('u' as const),
  budgetName.map((name): CounterClass => `f.${name}`),
);
const amount = fc.bigInt({ min: 0n, max: 10n ** 18n });
const hold: fc.Arbitrary<Hold> = fc.record({
  admittedMs: fc.nat(4_102_444_800_000),
  windowEndMs: fc.option(fc.nat(4_102_444_800_000)),
  charges: fc.array(fc.record({ subject: anySubject, counter }), { minLength: 1, maxLength: 12 }),
  amount,
  onLost: amount,
});

/** The part of a record up to its third bar. */
function identity(record: string): string {
  return record.split('|').slice(0, 3).join('|');
}

describe('the record of a hold', () => {
  it('survives being written and read, so that a sweep needs nothing else', () => {
    fc.assert(
      fc.property(hold, (any) => {
        expect(decodeHold(encodeHold(any))).toEqual(any);
      }),
    );
  });

  it('is the same up to the amounts when only the amounts are raised: that part identifies the call', () => {
    fc.assert(
      fc.property(hold, amount, amount, (any, raised, onLost) => {
        expect(identity(encodeHold({ ...any, amount: raised, onLost }))).toBe(identity(encodeHold(any)));
      }),
    );
  });

  it('is written as the ledger scripts read it', () => {
    const record: Hold = {
      admittedMs: 1_700_000_000_000,
      windowEndMs: null,
      charges: [
        { subject: { kind: 'vkey', namespace: 'shop', name: 'bot' }, counter: 'u' },
        { subject: { kind: 'customer', namespace: 'shop', name: 'a|b;c,d' }, counter: 'f.daily' },
      ],
      amount: 5n,
      onLost: 3n,
    };
    expect(encodeHold(record)).toBe('o1700000000000|-|vkey:shop/bot,u;customer:shop/YXxiO2MsZA,f.daily|5|3');
  });

  it.each(['', 'o1|-|vkey:a/b,u|1', 'x1|-|vkey:a/b,u|1|1', 'o|-|vkey:a/b,u|1|1', 'o1|-|vkey:a/b,u|1|1|1'])(
    '%j is no record',
    (text) => {
      expect(() => decodeHold(text)).toThrow('not a hold record');
    },
  );
});
