import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Budgetd } from '../e2e/budgetd.ts';
import { endAll } from '../e2e/budgetd.ts';
import { type ClusterWorld, startClusterWorld } from './cluster-world.ts';

const API = 'budgetd.dev/v1alpha1';
const CALL = `@fake ${JSON.stringify({ input: 1_200, output: 300 })}`;

let world: ClusterWorld;
let operator: Budgetd;
let proxy: Budgetd;

beforeAll(async () => {
  world = await startClusterWorld();
  world.apply(namespace('platform'), namespace('shop', { 'cost-center': 'retail' }), namespace('people'));
  [operator, proxy] = await Promise.all([world.startOperator(), world.startProxy()]);
}, 120_000);

afterAll(async () => {
  await operator?.end('SIGTERM');
  await proxy?.end('SIGTERM');
  endAll();
  await world?.stop();
});

test('an applied key works at once, its spend is on the object, and every event of its life binds the next call', async () => {
  world.apply(
    object('Team', 'platform', 'shop', {
      budgets: [{ name: 'monthly', limit: '100', period: '1mo' }],
      allowedNamespaces: { from: 'Selector', selector: { matchLabels: { 'cost-center': 'retail' } } },
    }),
    object('VirtualKey', 'shop', 'bot', {
      teamRef: { namespace: 'platform', name: 'shop' },
      budgets: [{ name: 'daily', limit: '0.012', softLimit: '0.01', period: '1d', timeZone: 'Europe/Berlin' }],
    }),
  );
  const ready = await until(
    () => conditionOf('VirtualKey', 'shop', 'bot', 'Ready')?.status === 'True' && status('VirtualKey', 'shop', 'bot'),
  );
  expect(ready.conditions.map(({ type, status: holds }: Condition) => `${type}=${holds}`)).toEqual([
    'Ready=True',
    'ReferencesResolved=True',
    'KeyReady=True',
    'Synced=True',
    'Stalled=False',
    'WithinBudget=True',
  ]);
  const key = keyOf('shop', 'bot-key');
  expect(ready.keys).toMatchObject([{ version: 1, hint: `sk-bd-...${key.slice(-4)}` }]);
  expect(ready.calls).toMatchObject({ reservation: 'Estimate', ledgerDown: 'Deny' });

  expect(await ask(key)).toBe('served');
  expect(await ask(key)).toBe('served');
  const spent = await until(
    () => status('VirtualKey', 'shop', 'bot').blockedBy !== '' && status('VirtualKey', 'shop', 'bot'),
  );
  expect(spent).toMatchObject({
    totalSpent: '0.012',
    tightest: { subject: 'vkey/shop/bot', budget: 'daily', spent: '0.012', limit: '0.012', usedPercent: '100 %' },
    budgets: [{ name: 'daily', spent: '0.012', state: 'Exhausted', usedPercent: 100 }],
  });
  expect(spent.blockedBy).toMatch(/^vkey\/shop\/bot budget daily until \d{4}-\d\d-\d\dT00:00:00\+0[12]:00$/);
  expect(conditionOf('VirtualKey', 'shop', 'bot', 'WithinBudget')).toMatchObject({
    status: 'False',
    reason: 'BudgetExhausted',
  });
  expect(conditionOf('VirtualKey', 'shop', 'bot', 'Ready')).toMatchObject({ status: 'True' });
  expect(await ask(key)).toBe('402 budget_exceeded');

  world.apply(
    object('VirtualKey', 'shop', 'bot', {
      teamRef: { namespace: 'platform', name: 'shop' },
      budgets: [{ name: 'daily', limit: '1', period: '1d', timeZone: 'Europe/Berlin' }],
    }),
  );
  await until(async () => (await ask(key)) === 'served');

  world.remove('team', 'platform', 'shop');
  await until(async () => (await ask(key)) === '403 reference_unresolved');
  await until(() => conditionOf('VirtualKey', 'shop', 'bot', 'ReferencesResolved')?.reason === 'TeamUnresolved');

  world.remove('virtualkey', 'shop', 'bot');
  await until(async () => (await ask(key)) === '401 invalid_key');
}, 60_000);

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function namespace(name: string, labels: Record<string, string> = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function object(kind: string, at: string, name: string, spec: object): object {
  return { apiVersion: API, kind, metadata: { namespace: at, name }, spec };
}

function status(kind: string, at: string, name: string) {
  return world.get(kind, at, name)?.status ?? {};
}

function conditionOf(kind: string, at: string, name: string, type: string): Condition | undefined {
  return status(kind, at, name).conditions?.find((condition: Condition) => condition.type === type);
}

function keyOf(at: string, name: string): string {
  return Buffer.from(world.get('secret', at, name).data['api-key'], 'base64').toString('utf8');
}

/** What a caller sees: `served`, or status and code. */
async function ask(key: string): Promise<string> {
  const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: key, maxRetries: 0 });
  try {
    await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: CALL }] });
    return 'served';
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return `${error.status} ${error.code}`;
  }
}

/** Waits until something is truthy, for at most 20 s. */
async function until<T>(look: () => Promise<T> | T): Promise<T> {
  const end = performance.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end)
      throw new Error(`it did not happen within 20 s; the operator said:\n${operator.log().slice(-4000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
