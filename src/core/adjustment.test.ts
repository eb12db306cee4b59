import { describe, expect, it } from 'vitest';
import {
  adjustedWindow,
  adjustmentField,
  adjustmentsIn,
  type AppliedAdjustment,
  decodeAdjustment,
  encodeAdjustment,
} from './adjustment.ts';

const reset: AppliedAdjustment = {
  uid: '1f0c-4a',
  type: 'Reset',
  appliedMs: 150_123,
  position: { incarnation: 'ab-cd', count: 17 },
  budgets: [
    { name: 'daily', counter: 'u', startSeconds: 100, spentBefore: 5n, amount: 5n, untilMs: null },
    { name: 'big', counter: 'f.big', startSeconds: 0, spentBefore: 10n ** 17n + 1n, amount: 0n, untilMs: null },
  ],
};
const raise: AppliedAdjustment = {
  ...reset,
  type: 'Raise',
  budgets: [{ name: 'daily', counter: 'u', startSeconds: 100, spentBefore: 0n, amount: 7n, untilMs: 200_000 }],
};

describe('an adjustment on record', () => {
  it('is read back as it was written', () => {
    for (const one of [reset, raise, { ...raise, budgets: [] }]) {
      expect(decodeAdjustment(encodeAdjustment(one))).toEqual(one);
    }
  });

  it('is none when anything of it is not what this format writes', () => {
    const text = encodeAdjustment(reset);
    for (const [from, to] of [
      ['Reset', 'Other'],
      ['150123', '-1'],
      ['ab-cd:17', '17'],
      ['daily,u', 'daily,x'],
      [',5,5,-', ',5,5'],
      [',5,5,-', ',5,-5,-'],
    ] as const) {
      expect(text, from).toContain(from);
      expect(decodeAdjustment(text.replace(from, to)), to).toBeUndefined();
    }
  });

  it('is found among the fields of its subject, in the order in which it was applied', () => {
    const all = [
      { ...raise, uid: 'c', appliedMs: 2 },
      { ...reset, uid: 'b', appliedMs: 1 },
      { ...reset, uid: 'a', appliedMs: 2 },
    ];
    const fields = new Map(all.map((one) => [adjustmentField(one.uid), encodeAdjustment(one)]));
    fields.set('T.u', '5');
    expect(adjustmentsIn(fields)?.map(({ uid }) => uid)).toEqual(['b', 'a', 'c']);
    expect(adjustmentsIn(fields.set('a.d', 'nonsense'))).toBeUndefined();
  });

  it('has a uid that no part of the record can be mistaken for', () => {
    for (const uid of ['', 'a|b', 'a b', 'a:b']) expect(() => adjustmentField(uid)).toThrow('a uid is letters');
  });
});

describe('the window that an adjustment finds', () => {
  const own = { window: { startSeconds: 100, endSeconds: 200 }, definition: 'def', countedFromMs: 100_000 };
  const proposed = { startSeconds: 150, endSeconds: 250 };

  it('is the ledger\u2019s own for as long as it lasts', () => {
    for (const nowMs of [100_000, 199_999]) {
      expect(adjustedWindow(own, proposed, 'def', nowMs)).toEqual({
        kind: 'present',
        window: own.window,
        isUsed: true,
      });
    }
  });

  it('is the proposed one after it, and before any: nobody has used it yet', () => {
    for (const known of [own, undefined]) {
      expect(adjustedWindow(known, proposed, 'def', 200_000)).toEqual({
        kind: 'present',
        window: proposed,
        isUsed: false,
      });
    }
  });

  it('is none when ledger time is in neither', () => {
    expect(adjustedWindow(own, proposed, 'def', 250_000)).toEqual({ kind: 'elsewhere' });
    expect(adjustedWindow(undefined, proposed, 'def', 149_999)).toEqual({ kind: 'elsewhere' });
  });

  it('is of the definition that is counted under the name', () => {
    expect(adjustedWindow(own, proposed, 'other', 150_000)).toEqual({ kind: 'redefined' });
  });
});
