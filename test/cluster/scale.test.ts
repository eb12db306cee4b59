import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Budgetd, endAll } from '../e2e/budgetd.ts';
import { type ClusterWorld, hasClusterTools, namespaceOf, objectOf, startClusterWorld } from './cluster-world.ts';
import { until } from './waiting.ts';

const KEYS = 10_000;
const AT_ONCE = 16;
const TEN_MINUTES = 600_000;

const nameOf = (n: number): string => `key-${n}`;
const tokenOf = (n: number): string => `sk-token-of-one-of-ten-thousand-keys-${n}`;

function keyOf(n: number, limit: string): object {
  const sha256 = createHash('sha256').update(tokenOf(n)).digest('hex');
  return objectOf('VirtualKey', 'shop', nameOf(n), {
    key: { type: 'Hash', hash: { sha256 } },
    teamRef: { name: 'all' },
    budgets: [{ name: 'daily', limit, period: '1d' }],
  });
}

/** Figures for people; nothing is asserted about time or memory. */
describe.skipIf(process.env['BUDGETD_NIGHTLY'] === undefined || !hasClusterTools())('ten thousand VirtualKeys', () => {
  let world: ClusterWorld;
  let operator: Budgetd;
  let proxy: Budgetd;

  const published = (): Promise<number> => world.redis.admin.scard('budgetd:default::names');
  const writes = async (): Promise<number> => {
    const info = await world.redis.admin.info('commandstats');
    return Number(/cmdstat_set:calls=(\d+)/.exec(info)?.[1] ?? 0);
  };
  const rssMb = (): number =>
    Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${operator.pid}/status`, 'utf8'))?.[1]) / 1024);

  beforeAll(async () => {
    world = await startClusterWorld();
    world.apply(namespaceOf('shop'), objectOf('Team', 'shop', 'all', {}));
    proxy = await world.startProxy();
  }, TEN_MINUTES);

  afterAll(async () => {
    endAll();
    await world?.stop();
  });

  test(
    'are all enforceable, a restart writes nothing, and one edit binds the next call',
    async () => {
      const path = '/apis/budgetd.dev/v1alpha1/namespaces/shop/virtualkeys';
      let next = 0;
      const create = async (): Promise<void> => {
        while (next < KEYS) {
          const n = next;
          next += 1;
          expect((await world.api.send('POST', path, keyOf(n, '100'))).status).toBe(201);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, create));

      let startMs = performance.now();
      operator = await world.startOperator();
      // A record and an index entry each, the Team, the platform.
      await until(
        async () => (await published()) === 2 * KEYS + 2,
        () => operator.log().slice(-2000),
        TEN_MINUTES,
      );
      console.log(
        `${KEYS} keys enforceable ${Math.round(performance.now() - startMs)} ms after the start, ${rssMb()} MB`,
      );
      expect(await world.ask(proxy, tokenOf(KEYS - 1))).toBe('served');
      await until(
        () => world.conditionOf('VirtualKey', 'shop', nameOf(KEYS - 1), 'Ready')?.status === 'True',
        () => operator.log().slice(-2000),
        TEN_MINUTES,
      );
      console.log(`every status written after ${Math.round(performance.now() - startMs)} ms, ${rssMb()} MB`);

      expect(await operator.end('SIGTERM')).toBe(0);
      const before = await writes();
      startMs = performance.now();
      operator = await world.startOperator();
      await operator.logged('ledger: writing');
      await until(
        async () => /workqueue_depth\{name="virtualkey",controller="virtualkey"\} 0/.test(await metrics()),
        () => operator.log().slice(-2000),
        TEN_MINUTES,
      );
      console.log(`compared again after ${Math.round(performance.now() - startMs)} ms, ${rssMb()} MB`);
      // The platform's record is written once per term.
      expect((await writes()) - before).toBeLessThanOrEqual(1);

      expect(await world.ask(proxy, tokenOf(7))).toBe('served');
      startMs = performance.now();
      world.apply(keyOf(7, '0'));
      await until(async () => (await world.ask(proxy, tokenOf(7))) === '402 budget_exceeded');
      console.log(
        `an edit bound the next call ${Math.round(performance.now() - startMs)} ms after kubectl apply began`,
      );
    },
    TEN_MINUTES,
  );

  async function metrics(): Promise<string> {
    return (await fetch(`${operator.adminUrl}/metrics`)).text();
  }
});
