import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CallPolicy,
  DEFAULT_CALL_POLICY,
  type PolicyLevel,
  type StatedCallPolicy,
  strictestCallPolicy,
  type Unbounded,
} from './call-policy.ts';

const amount = fc.bigInt({ min: 0n, max: 20n });
const stated: fc.Arbitrary<StatedCallPolicy> = fc.record(
  {
    reservation: fc.constantFrom('None', 'Estimate', 'Max'),
    maxHold: fc.option(amount),
    minOutputTokens: fc.nat(500),
    onAbort: fc.constantFrom('Cancel', 'Drain'),
    unbounded: fc.oneof(
      fc.constantFrom<Unbounded>({ type: 'Deny' }, { type: 'ContextWindow' }),
      amount.map((reserve): Unbounded => ({ type: 'Fixed', reserve })),
    ),
    ledgerDown: fc.constantFrom('Deny', 'Allow'),
  },
  { requiredKeys: [] },
);
const level: fc.Arbitrary<PolicyLevel> = fc.record({ stated, hasBudgets: fc.boolean() });
const levels = fc.array(level, { maxLength: 6 });

/** How strict each field is; larger is stricter. */
function strictness(policy: CallPolicy): number[] {
  const { unbounded } = policy;
  return [
    ['None', 'Estimate', 'Max'].indexOf(policy.reservation),
    policy.maxHold === null ? Infinity : Number(policy.maxHold),
    policy.minOutputTokens,
    policy.onAbort === 'Cancel' ? 1 : 0,
    unbounded.type === 'Deny' ? Infinity : unbounded.type === 'ContextWindow' ? 1e9 : Number(unbounded.reserve),
    policy.ledgerDown === 'Deny' ? 1 : 0,
  ];
}

describe('the strictest policy of all levels', () => {
  it('is the documented default where nobody says anything', () => {
    expect(strictestCallPolicy([])).toEqual(DEFAULT_CALL_POLICY);
    expect(strictestCallPolicy([{ stated: {}, hasBudgets: true }])).toEqual(DEFAULT_CALL_POLICY);
  });

  it('does not depend on the order of the levels', () => {
    const twoOrders = levels.chain((some) =>
      fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
    );
    fc.assert(
      fc.property(twoOrders, ([one, other]) => {
        expect(strictestCallPolicy(other)).toEqual(strictestCallPolicy(one));
      }),
    );
  });

  it('never gets weaker by one more level, so no tenant can weaken a budget above him', () => {
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), level, (some, more) => {
        // Only what somebody states can be weakened; what nobody states is a default that the first statement replaces.
        const everything: PolicyLevel = { stated: DEFAULT_CALL_POLICY, hasBudgets: false };
        const before = strictness(strictestCallPolicy([everything, ...some]));
        const after = strictness(strictestCallPolicy([everything, ...some, more]));
        expect(after.every((value, field) => value >= (before[field] ?? 0))).toBe(true);
      }),
    );
  });

  it('is of every field the strictest that is stated', () => {
    fc.assert(
      fc.property(fc.array(stated, { minLength: 1, maxLength: 5 }), (some) => {
        const all = some.map((each) => ({ ...DEFAULT_CALL_POLICY, ...each }));
        const expected = all.map(strictness).reduce((a, b) => a.map((value, field) => Math.max(value, b[field] ?? 0)));
        const found = strictestCallPolicy(some.map((each) => ({ stated: each, hasBudgets: true })));
        expect(strictness(found)).toEqual(expected);
      }),
    );
  });

  it.each<[string, StatedCallPolicy[], StatedCallPolicy]>([
    ['no cap on holds beats any cap', [{ maxHold: 5n }, { maxHold: null }], { maxHold: null }],
    ['of two caps the larger holds more', [{ maxHold: 5n }, { maxHold: 7n }], { maxHold: 7n }],
    [
      'a context window reserves more than any amount',
      [{ unbounded: { type: 'Fixed', reserve: 10n ** 15n } }, { unbounded: { type: 'ContextWindow' } }],
      { unbounded: { type: 'ContextWindow' } },
    ],
    [
      'Deny beats a context window',
      [{ unbounded: { type: 'ContextWindow' } }, { unbounded: { type: 'Deny' } }],
      { unbounded: { type: 'Deny' } },
    ],
    ['a level without budgets may relax a default', [{ ledgerDown: 'Allow' }], { ledgerDown: 'Allow' }],
  ])('%s', (_, some, expected) => {
    expect(strictestCallPolicy(some.map((each) => ({ stated: each, hasBudgets: false })))).toMatchObject(expected);
  });

  it('a level with budgets states its defaults, so a level below cannot relax them', () => {
    const team = { stated: {}, hasBudgets: true };
    const key = { stated: { ledgerDown: 'Allow', reservation: 'None' } as const, hasBudgets: false };
    expect(strictestCallPolicy([team, key])).toMatchObject({ ledgerDown: 'Deny', reservation: 'Estimate' });
  });
});
