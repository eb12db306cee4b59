import { describe, expect, it } from 'vitest';
import type { CompiledBudget, PlatformRecord, SubjectRecord } from '../core/record.ts';
import { type CallFacts, type Plan, reserveCall } from './plan.ts';
import { createWindowCache } from './window-cache.ts';

const NOON = Date.UTC(2026, 10, 25, 12);
const DAY_END = Date.UTC(2026, 10, 26);

const daily: CompiledBudget = {
  name: 'daily',
  limit: 100n,
  soft: null,
  rule: { period: '1d', alignment: 'Calendar', anchor: null, timeZone: 'UTC', weekStart: 1 },
  models: [],
  mode: 'Enforce',
  overdraft: 'Deny',
  definition: 'def',
  raises: [],
};
const facts: CallFacts = {
  sha256: 'ff',
  providerName: null,
  request: {
    model: 'gpt-5',
    stream: false,
    includeUsage: false,
    shape: { textBytes: 10, images: 0, audioBytes: 0, outputCap: null, choices: 1, unbounded: null },
    members: [],
  },
};

/** The reserve of a call under the given budgets of its key. */
function reserveUnder(budgets: readonly CompiledBudget[], nowMs = NOON): ReturnType<typeof reserveCall> {
  const key = { subject: { kind: 'vkey', namespace: 'shop', name: 'bot' }, revision: '1', budgets } as SubjectRecord;
  const plan = {
    kind: 'plan',
    subjects: {
      platform: { record: { revision: 'p' } as PlatformRecord },
      key,
      team: null,
      all: [key],
      endsAtMs: null,
    },
    provider: { name: 'openai' },
    price: null,
    amount: 5n,
    onLost: 5n,
    likely: 5n,
    isCapped: true,
  } as unknown as Plan;
  return reserveCall(plan, facts, { nowMs, windows: createWindowCache() });
}

const limitsOf = (call: ReturnType<typeof reserveCall>): unknown[] =>
  call.groups.flatMap((group) => group.budgets.map((budget) => budget.limit));

describe('a reserve under raised limits', () => {
  const raised = {
    ...daily,
    raises: [
      { amount: 20n, untilMs: NOON + 1000 },
      { amount: 3n, untilMs: NOON + 4000 },
    ],
  };

  it('is tested against the limit that holds now, and is void when the first of its raises ends', () => {
    const before = reserveUnder([raised]);
    expect(limitsOf(before)).toEqual([123n]);
    expect(before.untilMs).toBe(NOON + 1000);
    const after = reserveUnder([raised], NOON + 1000);
    expect(limitsOf(after)).toEqual([103n]);
    expect(after.untilMs).toBe(NOON + 4000);
  });

  it('is void after its usual time when no raise ends before', () => {
    const later = { ...daily, raises: [{ amount: 1n, untilMs: DAY_END }] };
    expect(reserveUnder([later]).untilMs).toBe(NOON + 5000);
    expect(reserveUnder([daily]).untilMs).toBe(NOON + 5000);
    expect(reserveUnder([raised], NOON + 4000)).toMatchObject({ untilMs: NOON + 9000 });
  });

  it('keeps the window of its admission: the end of a raise makes no settle late', () => {
    expect(reserveUnder([raised]).hold.windowEndMs).toBe(DAY_END);
  });

  it('takes no notice of raises of a budget that does not count the call', () => {
    const other = { ...raised, name: 'other', models: ['o3*'] };
    const call = reserveUnder([daily, other]);
    expect(limitsOf(call)).toEqual([100n]);
    expect(call.untilMs).toBe(NOON + 5000);
  });

  it('has no limit where the budget only observes, raised or not', () => {
    expect(limitsOf(reserveUnder([{ ...raised, mode: 'Observe' }]))).toEqual([null]);
  });
});
