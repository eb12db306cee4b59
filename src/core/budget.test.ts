import { describe, expect, it } from 'vitest';
import { type Budget, budgetCounts, counterOf, definitionText, enforcedLimit } from './budget.ts';

const budget: Budget = {
  name: 'daily',
  limit: 5n,
  soft: null,
  rule: { period: '1d', alignment: 'Calendar', anchor: null, timeZone: 'UTC', weekStart: 1 },
  models: [],
  mode: 'Enforce',
  overdraft: 'Allow',
};

describe('a budget', () => {
  it('without a model filter reads the total of its subject, with one a counter of its own', () => {
    expect(counterOf(budget)).toBe('u');
    expect(counterOf({ ...budget, models: ['o3*'] })).toBe('f.daily');
  });

  it('counts only the models it names', () => {
    expect(budgetCounts(budget, 'openai', 'anything')).toBe(true);
    expect(budgetCounts({ ...budget, models: ['o3*'] }, 'openai', 'o3-mini')).toBe(true);
    expect(budgetCounts({ ...budget, models: ['o3*'] }, 'openai', 'gpt-5')).toBe(false);
  });

  it('that observes never refuses', () => {
    expect(enforcedLimit(budget)).toBe(5n);
    expect(enforcedLimit({ ...budget, mode: 'Observe' })).toBeNull();
  });

  it.each<[string, Partial<Budget>, boolean]>([
    ['its limit', { limit: 9n, soft: 1n }, true],
    ['its mode and overdraft', { mode: 'Observe', overdraft: 'Deny' }, true],
    ['its window', { rule: { ...budget.rule, period: '1mo' } }, false],
    ['its zone', { rule: { ...budget.rule, timeZone: 'Europe/Berlin' } }, false],
    ['its models', { models: ['o3*'] }, false],
  ])('keeps its definition when %s changes: %s', (_, change, kept) => {
    expect(definitionText({ ...budget, ...change }) === definitionText(budget)).toBe(kept);
  });

  it('has the same definition in whatever order its models are listed', () => {
    const [one, other] = [
      ['a', 'b'],
      ['b', 'a'],
    ].map((models) => definitionText({ ...budget, models }));
    expect(one).toBe(other);
  });
});
