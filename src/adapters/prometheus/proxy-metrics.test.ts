import { readFileSync } from 'node:fs';
import { assert, expect, it } from 'vitest';
import { BUDGET_GAUGE_FAMILIES } from './budget-gauges.ts';
import { createOperatorRegistry } from './operator-metrics.ts';
import { createProxyRegistry } from './proxy-metrics.ts';

const CALL = {
  namespace: 'shop',
  team: 'shop',
  provider: 'openai',
  model: 'gpt-4o',
  cost: 1_500_000_000n,
  hold: 3_000_000_000n,
  usage: { input: 10, cacheRead: 4, cacheWrite: 0, inputAudio: 0, output: 2, reasoning: 0, outputAudio: 0 },
  marks: [],
};

it.each([
  ['proxy', createProxyRegistry],
  ['operator', createOperatorRegistry],
])('the page of metrics and the registry of the %s name the same metrics, types and labels', async (role, create) => {
  const [page] = readFileSync('docs/metrics.md', 'utf8').split(`## ${role}`).slice(1).join().split('## ');
  assert(page !== undefined);
  const documented = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| ([a-z_, ]*)\|/gm)].map(([, name, type, labels]) =>
    [name, type, (labels ?? '').trim()].join(' '),
  );
  const { describe } = create();
  const families = role === 'operator' ? BUDGET_GAUGE_FAMILIES : [];
  const registered = [...(await describe()), ...families].map(({ name, type, labels }) =>
    [name, type, labels.join(', ')].join(' '),
  );
  expect(documented.toSorted()).toEqual(registered.toSorted());
});

it('counts a settled call in dollars and tokens', async () => {
  const { metrics, exposition } = createProxyRegistry();
  metrics.settled(CALL);
  const text = await exposition();
  expect(text).toContain('budgetd_cost_usd_total{namespace="shop",team="shop",provider="openai",model="gpt-4o"} 1.5');
  expect(text).toContain('budgetd_tokens_total{provider="openai",model="gpt-4o",kind="cacheRead"} 4');
  expect(text).toContain('budgetd_hold_ratio_bucket{le="0.5"} 1');
});

it('a flood of model names does not grow the registry without bound', async () => {
  const { metrics, exposition } = createProxyRegistry();
  for (let n = 0; n < 2_000; n += 1) metrics.request('chat_completions', 'openai', `model-${n}`, 'served');
  const text = await exposition();
  expect(text.match(/^budgetd_requests_total\{/gm)?.length).toBeLessThanOrEqual(501);
  expect(text).toMatch(/model="other",outcome="served"\} 1500/);
});
