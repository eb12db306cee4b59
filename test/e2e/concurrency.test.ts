import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, type RedisServer, startRedis } from '../integration/redis-server.ts';
import type { Budgetd } from './budgetd.ts';
import { ask, budgetsOf, createSetup, nanos, sdk, type Setup, virtualKey } from './setup.ts';

describe.skipIf(!hasRedis())('many callers, several proxies, one Redis', () => {
  let redis: RedisServer;
  let setup: Setup;

  beforeAll(async () => {
    redis = await startRedis();
    setup = await createSetup();
  });
  afterAll(async () => {
    await setup.dispose();
    await redis.stop();
  });

  it('200 concurrent SDK calls through two proxies on one Redis never pass a hard cap, and the bill is the spend', async () => {
    const { workspace } = setup;
    workspace.manifest(
      'k.yaml',
      virtualKey('a', '  budgets: [{name: cap, limit: "0.2", period: 1mo, overdraft: Deny}]'),
    );
    const ledger = `{installation: e2e, redis: {url: "${redis.url}"}}`;
    const standalone = await setup.standalone(setup.configure({ ledger }));
    const proxy = await setup.proxy(ledger);
    const key = workspace.key('shop', 'a');
    const clients = [standalone, proxy].map((budgetd) => sdk(budgetd, key, { maxRetries: 0 }));
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, n) => {
        const instruction = ask({ input: 300 + n, output: 40 + (n % 7) }, { maxTokens: 100 });
        const stream = n % 3 === 0;
        const client = clients[n % 2];
        return (async () => {
          try {
            if (stream) await Array.fromAsync(await client!.chat.completions.create({ ...instruction, stream }));
            else await client!.chat.completions.create(instruction);
            return 200;
          } catch (error) {
            return (error as { status: number }).status;
          }
        })();
      }),
    );
    const [cap] = await settled(proxy, key);
    const bill = setup.provider.bill();
    expect(outcomes.filter((status) => status === 200).length).toBe(bill.calls);
    expect(bill.calls).toBeGreaterThan(20);
    expect(outcomes.filter((status) => status !== 200).length).toBeGreaterThan(20);
    expect(new Set(outcomes)).toEqual(new Set([200, 429]).union(new Set(outcomes.filter((status) => status === 402))));
    expect(nanos(cap?.spent ?? '')).toBe(bill.nanos);
    expect(bill.nanos).toBeLessThanOrEqual(nanos('0.2'));
    expect(cap?.held).toBe('0');
  });
});

/** The budgets once no call is held any more. */
async function settled(budgetd: Budgetd, key: string) {
  for (let tries = 0; tries < 100; tries += 1) {
    const budgets = await budgetsOf(budgetd, key);
    if (budgets.every((budget) => budget.held === '0')) return budgets;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('money is still held');
}
