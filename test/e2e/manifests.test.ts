import { afterEach, beforeEach, expect, it } from 'vitest';
import { spawnBudgetd } from './budgetd.ts';
import { ask, budgetsOf, createSetup, eventually, sdk, type Setup, team, virtualKey } from './setup.ts';

let setup: Setup;
beforeEach(async () => {
  setup = await createSetup();
});
afterEach(() => setup.dispose());

const DAILY = '  budgets: [{name: daily, limit: "1", period: 1d}]';

async function statusOf(budgetd: { url: string }, key: string): Promise<number> {
  const call = sdk(budgetd, key, { maxRetries: 0 }).chat.completions.create(ask({ input: 1, output: 1 }));
  return call.then(
    () => 200,
    (error: { status: number }) => error.status,
  );
}

it('a deleted manifest refuses the next call, and an added one serves it', async () => {
  const { workspace } = setup;
  workspace.manifest('a.yaml', virtualKey('a', DAILY));
  const budgetd = await setup.standalone(setup.configure());
  const key = workspace.key('shop', 'a');
  expect(await statusOf(budgetd, key)).toBe(200);
  workspace.remove('a.yaml');
  await budgetd.logged('manifests applied');
  expect(await statusOf(budgetd, key)).toBe(401);
  workspace.manifest('a.yaml', virtualKey('a', DAILY));
  expect(
    await eventually(
      () => statusOf(budgetd, key),
      (status) => status === 200,
    ),
  ).toBe(200);
  const [daily] = await budgetsOf(budgetd, key);
  // 12.5 micro-USD a call: what was spent before the deletion is still spent.
  expect(daily?.spent).toBe('0.000025');
});

it('an allow-list that was widened serves the next call: a refusal never rests on old records', async () => {
  const { workspace } = setup;
  workspace.manifest('a.yaml', virtualKey('a', '  models: ["o3*"]'));
  const budgetd = await setup.standalone(setup.configure());
  const key = workspace.key('shop', 'a');
  expect(await statusOf(budgetd, key)).toBe(403);
  workspace.manifest('a.yaml', virtualKey('a', '  models: ["o3*", "gpt-*"]'));
  await budgetd.logged('manifests applied');
  expect(
    await eventually(
      () => statusOf(budgetd, key),
      (status) => status === 200,
    ),
  ).toBe(200);
});

it('a lowered limit binds the next call and moves no spend', async () => {
  const { workspace } = setup;
  workspace.manifest('a.yaml', virtualKey('a', DAILY));
  const budgetd = await setup.standalone(setup.configure());
  const key = workspace.key('shop', 'a');
  expect(await statusOf(budgetd, key)).toBe(200);
  workspace.manifest('a.yaml', virtualKey('a', '  budgets: [{name: daily, limit: "0.00001", period: 1d}]'));
  await budgetd.logged('manifests applied');
  expect(await statusOf(budgetd, key)).toBe(402);
  expect((await budgetsOf(budgetd, key))[0]).toMatchObject({
    spent: '0.0000125',
    limit: '0.00001',
    state: 'Exhausted',
  });
});

it.each([
  ['edited in place', [virtualKey('a', '  budgets: [{name: daily, limit: "1", period: 1w}]')]],
  [
    'removed and added again',
    [virtualKey('a', ''), virtualKey('a', '  budgets: [{name: daily, limit: "1", period: 1mo}]')],
  ],
])('another window under the same budget name is refused: %s', async (_, versions) => {
  const { workspace } = setup;
  workspace.manifest('a.yaml', virtualKey('a', DAILY));
  const budgetd = await setup.standalone(setup.configure());
  const key = workspace.key('shop', 'a');
  expect(await statusOf(budgetd, key)).toBe(200);
  for (const version of versions.slice(0, -1)) {
    workspace.manifest('a.yaml', version);
    await budgetd.logged('manifests applied');
  }
  workspace.manifest('a.yaml', versions.at(-1) ?? '');
  const line = await budgetd.logged('BudgetRedefined');
  expect(line).toContain('vkey/shop/a: budget daily already counts another window');
  expect(line).toContain('add it under a new name');
  expect(await budgetd.end('SIGTERM')).toBe(0);
  // Neither does a restart with it: the process does not start.
  const again = spawnBudgetd([
    'standalone',
    '--config',
    setup.configure(),
    '--manifests',
    workspace.manifests,
    '--state',
    workspace.state,
  ]);
  expect(await again.exited()).toBe(1);
  expect(again.log()).toContain('BudgetRedefined');
});

it('an invalid manifest keeps the process from starting and says where, what is allowed and what to do', async () => {
  setup.workspace.manifest(
    'bad.yaml',
    virtualKey('a', '  budgets:\n  - {name: daily, limit: 5, period: 30d}\n  budget: []'),
  );
  const config = setup.configure();
  const bad = spawnBudgetd(['standalone', '--config', config, '--manifests', setup.workspace.manifests]);
  expect(await bad.exited()).toBe(1);
  expect(bad.log()).toMatch(/bad\.yaml:6: spec\.budgets\[0\]\.limit: found the number 5; expected text: quote it, "5"/);
  expect(bad.log()).toMatch(/bad\.yaml:7: spec\.budget: unknown field; allowed here: alias, key/);
});

it('an invalid configuration keeps the process from starting and names line and field', async () => {
  const config = setup.workspace.config('listen: {proxy: "14080"}\nplatfrom: {}\n');
  const bad = spawnBudgetd(['standalone', '--config', config, '--manifests', setup.workspace.manifests]);
  expect(await bad.exited()).toBe(1);
  expect(bad.log()).toMatch(/budgetd\.yaml:1: listen\.proxy: "14080" is not an address/);
  expect(bad.log()).toMatch(/budgetd\.yaml:2: platfrom: unknown field; allowed here: listen/);
});

it('while watching, an invalid file keeps the last good state in force', async () => {
  const { workspace } = setup;
  workspace.manifest('a.yaml', virtualKey('a', DAILY));
  const budgetd = await setup.standalone(setup.configure());
  const key = workspace.key('shop', 'a');
  workspace.manifest('a.yaml', 'kind: VirtualKey\n');
  await budgetd.logged('the last good ones stay in force');
  expect(await statusOf(budgetd, key)).toBe(200);
});

it("a key whose own settings are at their weakest does not weaken its Team's hard cap", async () => {
  const { workspace } = setup;
  // One call may cost at most 300 + 800 input tokens and 100 output tokens at these prices: under 0.005.
  workspace.manifest('t.yaml', team('core', '  budgets: [{name: cap, limit: "0.01", overdraft: Deny}]'));
  workspace.manifest(
    'a.yaml',
    virtualKey(
      'a',
      '  teamRef: {name: core}\n  calls: {reservation: None, maxHold: "0.000000001", minOutputTokens: 1}',
    ),
  );
  const budgetd = await setup.standalone(setup.configure());
  const client = sdk(budgetd, workspace.key('shop', 'a'), { maxRetries: 0 });
  const calls = Array.from({ length: 40 }, () =>
    client.chat.completions.create(ask({ input: 300, output: 100 }, { maxTokens: 100 })).then(
      () => 200,
      (error: { status: number }) => error.status,
    ),
  );
  const statuses = await Promise.all(calls);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
  expect(setup.provider.bill().nanos).toBeLessThanOrEqual(10_000_000n);
});

it('a mandatory Team is charged for every call of its namespaces', async () => {
  const { workspace } = setup;
  workspace.manifest('ns.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {area: retail}}\n');
  workspace.manifest('t.yaml', team('retail', '  budgets: [{name: cap, limit: "0.00002"}]'));
  workspace.manifest('a.yaml', virtualKey('a', ''));
  const budgetd = await setup.standalone(
    setup.configure({
      more: '  mandatoryTeams:\n  - {namespaces: {matchLabels: {area: retail}}, teamRef: {namespace: shop, name: retail}}',
    }),
  );
  const key = workspace.key('shop', 'a');
  expect([await statusOf(budgetd, key), await statusOf(budgetd, key), await statusOf(budgetd, key)]).toEqual([
    200, 200, 402,
  ]);
});
