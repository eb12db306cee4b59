import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdmissionRule, admissionTop, type Overdraft, refusalReason, weightiestRefusal } from './decide.ts';

/** Small, so that equal amounts, where the operators differ, are met often. */
const amount = fc.bigInt({ min: 0n, max: 25n });
const overdraft = fc.constantFrom<Overdraft>('Allow', 'Deny');

/** Admission as the ledger does it: one comparison. */
function isAdmitted(rule: AdmissionRule, spent: bigint, held: bigint, hold: bigint): boolean {
  const top = admissionTop(rule, hold);
  return top === null || spent + held <= top;
}

describe('admission', () => {
  it.each<[string, Overdraft, bigint, bigint, bigint, bigint, boolean]>([
    ['Allow serves the call that crosses the limit', 'Allow', 100n, 99n, 0n, 50n, true],
    ['Allow refuses once the limit is reached', 'Allow', 100n, 100n, 0n, 0n, false],
    ['Allow counts what is held', 'Allow', 100n, 50n, 50n, 1n, false],
    ['Deny serves a call that fits exactly', 'Deny', 100n, 60n, 20n, 20n, true],
    ['Deny refuses a call that is one too large', 'Deny', 100n, 60n, 20n, 21n, false],
    ['a limit of zero refuses under Allow', 'Allow', 0n, 0n, 0n, 0n, false],
    ['a limit of zero refuses a hold under Deny', 'Deny', 0n, 0n, 0n, 1n, false],
  ])('%s', (_, mode, limit, spent, held, hold, admitted) => {
    expect(isAdmitted({ limit, overdraft: mode }, spent, held, hold)).toBe(admitted);
  });

  it('is the one operator of the contract, whatever the amounts', () => {
    fc.assert(
      fc.property(overdraft, amount, amount, amount, amount, (mode, limit, spent, held, hold) => {
        const contract = mode === 'Allow' ? spent + held < limit : spent + held + hold <= limit;
        expect(isAdmitted({ limit, overdraft: mode }, spent, held, hold)).toBe(contract);
      }),
    );
  });

  it('a budget without a limit never refuses', () => {
    expect(admissionTop({ limit: null, overdraft: 'Deny' }, 10n ** 18n)).toBeNull();
  });

  it('never lets spend pass a Deny limit, in whatever order calls are admitted and settled', () => {
    const calls = fc.array(
      fc.record({ hold: amount, share: fc.integer({ min: 0, max: 100 }), settleNow: fc.boolean() }),
    );
    fc.assert(
      fc.property(amount, calls, (limit, asked) => {
        const open: { hold: bigint; actual: bigint }[] = [];
        let spent = 0n;
        let held = 0n;
        const settle = (): void => {
          const first = open.shift();
          if (first === undefined) return;
          held -= first.hold;
          spent += first.actual;
        };
        for (const { hold, share, settleNow } of asked) {
          if (isAdmitted({ limit, overdraft: 'Deny' }, spent, held, hold)) {
            open.push({ hold, actual: (hold * BigInt(share)) / 100n });
            held += hold;
          }
          if (settleNow) settle();
          expect(spent + held <= limit).toBe(true);
        }
        while (open.length > 0) settle();
        expect(spent <= limit).toBe(true);
      }),
    );
  });

  it('refuses a negative hold: a bug', () => {
    expect(() => admissionTop({ limit: 1n, overdraft: 'Allow' }, -1n)).toThrow('never negative');
  });
});

describe('the reason of a refusal', () => {
  it.each<[string, Overdraft, bigint, bigint, string]>([
    ['what is used up stays so', 'Allow', 100n, 0n, 'exhausted'],
    ['a call that fits exactly once others end has to wait', 'Deny', 60n, 40n, 'reserved'],
    ['a call that never fits is too large', 'Deny', 60n, 41n, 'too_large'],
    ['under Allow no call is too large', 'Allow', 60n, 41n, 'reserved'],
  ])('%s', (_, mode, spent, hold, reason) => {
    expect(refusalReason({ limit: 100n, overdraft: mode }, spent, hold)).toBe(reason);
  });

  it('says exactly whether waiting for calls in flight can help', () => {
    fc.assert(
      fc.property(overdraft, amount, amount, amount, amount, (mode, limit, spent, held, hold) => {
        const rule = { limit, overdraft: mode };
        fc.pre(!isAdmitted(rule, spent, held, hold));
        const reason = refusalReason(rule, spent, hold);
        expect(reason === 'reserved').toBe(isAdmitted(rule, spent, 0n, hold) && spent < limit);
        expect(reason === 'exhausted').toBe(spent >= limit);
      }),
    );
  });
});

describe('weightiestRefusal', () => {
  const refusals = [
    { reason: 'reserved', resetsAtMs: null },
    { reason: 'exhausted', resetsAtMs: 10 },
    { reason: 'too_large', resetsAtMs: null },
    { reason: 'exhausted', resetsAtMs: null },
    { reason: 'exhausted', resetsAtMs: 20 },
    { reason: 'too_large', resetsAtMs: 30 },
    { reason: 'reserved', resetsAtMs: 40 },
  ] as const;
  const order = [
    'exhausted null',
    'exhausted 20',
    'exhausted 10',
    'too_large null',
    'too_large 30',
    'reserved null',
    'reserved 40',
  ];

  it('names what waiting does not cure, then what lasts longest, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...refusals], { minLength: 1 }), (some) => {
        const ranks = some.map(({ reason, resetsAtMs }) => order.indexOf(`${reason} ${resetsAtMs}`));
        const { reason, resetsAtMs } = weightiestRefusal(some);
        expect(`${reason} ${resetsAtMs}`).toBe(order[Math.min(...ranks)]);
      }),
    );
  });

  it('has something to choose from, or it is a bug', () => {
    expect(() => weightiestRefusal([])).toThrow('at least one');
  });
});
