import { expect, test } from 'vitest';
import type { SubjectFigures } from '../../ports/budget-figures.ts';
import { createBudgetGauges } from './budget-gauges.ts';

const USD = 1_000_000_000n;
const KEY: SubjectFigures = {
  subject: { kind: 'vkey', namespace: 'shop', name: 'bot' },
  team: 'shop',
  spent: 12n * USD,
  budgets: [
    { name: 'daily', limit: 4n * USD, spent: 5n * USD, held: USD / 2n, resetsAtSeconds: 1_764_111_600 },
    { name: 'warn', limit: null, spent: USD, held: 0n, resetsAtSeconds: null },
  ],
};
const TEAM: SubjectFigures = {
  subject: { kind: 'team', namespace: 'platform', name: 'shop' },
  team: '',
  spent: USD,
  budgets: [{ name: 'none', limit: 0n, spent: 0n, held: 0n, resetsAtSeconds: null }],
};

test('every budget has its gauges; what does not exist has no series, and nothing is infinite', () => {
  const gauges = createBudgetGauges(100);
  gauges.show([KEY, TEAM]);
  const text = gauges.exposition();
  const own = 'kind="vkey",namespace="shop",name="bot"';
  for (const line of [
    `budgetd_budget_limit_usd{${own},budget="daily"} 4`,
    `budgetd_budget_spent_usd{${own},budget="daily"} 5`,
    `budgetd_budget_held_usd{${own},budget="daily"} 0.5`,
    `budgetd_budget_remaining_usd{${own},budget="daily"} -1.5`,
    `budgetd_budget_used_ratio{${own},budget="daily"} 1.25`,
    `budgetd_budget_resets_at_seconds{${own},budget="daily"} 1764111600`,
    `budgetd_budget_spent_usd{${own},budget="warn"} 1`,
    `budgetd_subject_spent_usd_total{${own},team="shop"} 12`,
    'budgetd_budget_used_ratio{kind="team",namespace="platform",name="shop",budget="none"} 1',
    'budgetd_series_dropped 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).not.toMatch(/budgetd_budget_limit_usd\{[^}]*budget="warn"/);
  expect(text).not.toMatch(/Inf|NaN/);
});

test('above the bound Teams are kept before keys, and the rest is counted', () => {
  const gauges = createBudgetGauges(8);
  gauges.show([KEY, TEAM]);
  const text = gauges.exposition();
  expect(text).toContain('budgetd_budget_limit_usd{kind="team"');
  expect(text.match(/^budgetd_(budget|subject)/gm)).toHaveLength(8);
  expect(text).toContain('budgetd_series_dropped 7');
});

test('a replica that does not lead shows no money', () => {
  expect(createBudgetGauges(8).exposition()).toBe('');
});

test('figures replace those before', () => {
  const gauges = createBudgetGauges(100);
  gauges.show([KEY]);
  gauges.show([TEAM]);
  expect(gauges.exposition()).not.toContain('vkey');
});
