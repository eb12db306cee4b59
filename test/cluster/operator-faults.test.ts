import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Budgetd, endAll } from '../e2e/budgetd.ts';
import { type ClusterWorld, namespaceOf, objectOf, hasClusterTools, startClusterWorld } from './cluster-world.ts';
import { until as eventually } from './waiting.ts';

const tokenOf = (name: string): string => `sk-token-of-the-virtual-key-${name}-0123456789`;

describe.skipIf(!hasClusterTools())('the operator under faults', () => {
  let world: ClusterWorld;
  let proxy: Budgetd;
  const operators: Budgetd[] = [];

  beforeAll(async () => {
    world = await startClusterWorld();
    world.api.startControllers();
    world.apply(namespaceOf('shop'));
    proxy = await world.startProxy();
  }, 120_000);

  afterEach(async () => {
    for (const operator of operators.splice(0)) {
      // So that the next one need not wait for its lease.
      await operator.end('SIGTERM');
    }
  });

  afterAll(async () => {
    endAll();
    await world?.stop();
  });

  const apply = (name: string, spec: object = {}): void => {
    const sha256 = createHash('sha256').update(tokenOf(name)).digest('hex');
    world.apply(objectOf('VirtualKey', 'shop', name, { key: { type: 'Hash', hash: { sha256 } }, ...spec }));
  };
  const ask = (name: string): Promise<string> => world.ask(proxy, tokenOf(name));
  const until = <T>(look: () => Promise<T> | T, withinMs = 30_000): Promise<T> =>
    eventually(look, () => operators.map((operator) => operator.log().slice(-3000)).join('\n---\n'), withinMs);
  const served = (name: string): Promise<boolean> => until(async () => (await ask(name)) === 'served');
  const condition = (name: string, type: string) => world.conditionOf('VirtualKey', 'shop', name, type);

  async function start(): Promise<Budgetd> {
    const operator = await world.startOperator();
    operators.push(operator);
    return operator;
  }

  test('an API server that is killed and comes back is followed again; calls never notice', async () => {
    const operator = await start();
    apply('steady');
    await served('steady');
    await world.api.crash();
    await operator.logged('watch: interrupted');
    expect(await ask('steady')).toBe('served');
    await world.api.restart();
    await until(() => {
      apply('after-restart');
      return true;
    });
    await until(async () => (await ask('after-restart')) === 'served', 60_000);
    expect(await ask('steady')).toBe('served');
  }, 120_000);

  test('a leader that stands still past its lease is replaced, and its later writes have no effect', async () => {
    const first = await start();
    await first.logged('ledger: writing');
    const second = await start();
    apply('fenced', { budgets: [{ name: 'cap', limit: '100', period: '1d' }] });
    await served('fenced');
    process.kill(first.pid, 'SIGSTOP');
    await until(() => second.log().includes('ledger: writing'), 40_000);
    apply('fenced', { budgets: [{ name: 'cap', limit: '0', period: '1d' }] });
    await until(async () => (await ask('fenced')) === '402 budget_exceeded');
    process.kill(first.pid, 'SIGCONT');
    expect(await first.exited()).toBe(1);
    expect(first.log()).toContain('not leading any more');
    expect(await ask('fenced')).toBe('402 budget_exceeded');
  }, 120_000);

  test('two operators killed in the middle of their work leave nothing half done', async () => {
    const [first, second] = [await start(), await start()];
    const names = Array.from({ length: 40 }, (_, n) => `burst-${n}`);
    for (const name of names) apply(name);
    await Promise.all([first.end('SIGKILL'), second.end('SIGKILL')]);
    await start();
    for (const name of names) await served(name);
    await until(() => names.every((name) => condition(name, 'Ready')?.status === 'True'));
  }, 120_000);

  test('a ledger that lost everything refuses until a person accepts the loss; then every object is in force again', async () => {
    const operator = await start();
    apply('lost', { budgets: [{ name: 'cap', limit: '100', period: '1d' }] });
    await served('lost');
    await world.redis.admin.flushall();
    expect(await ask('lost')).toBe('503 ledger_cold');
    apply('lost', { budgets: [{ name: 'cap', limit: '200', period: '1d' }] });
    await until(() => condition('lost', 'Synced')?.reason === 'LedgerCold');
    await operator.logged('its data is gone');
    expect(await ask('lost')).toBe('503 ledger_cold');
    await operator.end('SIGTERM');
    const next = await start();
    await next.logged('its data is gone');
    expect(world.budgetd('status', '--accept-loss')).toContain('loss accepted');
    await served('lost');
    await until(() => condition('lost', 'Ready')?.status === 'True');
  }, 120_000);

  test('a namespace that is deleted while Redis is silent is forgotten when Redis is back', async () => {
    await start();
    world.apply(namespaceOf('doomed'));
    const sha256 = createHash('sha256').update(tokenOf('doomed')).digest('hex');
    world.apply(objectOf('VirtualKey', 'doomed', 'bot', { key: { type: 'Hash', hash: { sha256 } } }));
    await served('doomed');
    process.kill(world.redis.pid(), 'SIGSTOP');
    world.api.kubectl(['delete', 'namespace', 'doomed', '--wait=false']);
    await until(() => world.get('virtualkey', 'doomed', 'bot') === undefined);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    process.kill(world.redis.pid(), 'SIGCONT');
    await until(async () => (await ask('doomed')) === '401 invalid_key');
  }, 120_000);

  test('a VirtualKey that is deleted and made again waits for its old Secret to be collected, and gets another key', async () => {
    await start();
    world.apply(objectOf('VirtualKey', 'shop', 'reborn', {}));
    await until(() => world.conditionOf('VirtualKey', 'shop', 'reborn', 'Ready')?.status === 'True');
    const old = world.keyOf('shop', 'reborn-key');
    world.remove('virtualkey', 'shop', 'reborn');
    await until(() => world.get('virtualkey', 'shop', 'reborn') === undefined);
    world.apply(objectOf('VirtualKey', 'shop', 'reborn', {}));
    await until(() => world.conditionOf('VirtualKey', 'shop', 'reborn', 'Ready')?.status === 'True', 60_000);
    const next = world.keyOf('shop', 'reborn-key');
    expect(next).not.toBe(old);
    await until(async () => (await world.ask(proxy, next)) === 'served');
    expect(await world.ask(proxy, old)).toBe('401 invalid_key');
  }, 120_000);

  test('kinds that are gone and come back are followed again, and no key is cut because they were away', async () => {
    const operator = await start();
    apply('outlives');
    await served('outlives');
    world.api.kubectl(['delete', 'crd', 'users.budgetd.dev']);
    await until(() => operator.log().includes('"resource":"users"'));
    world.api.kubectl(['apply', '--server-side', '-f', 'crds']);
    await until(() => {
      world.api.kubectl(['apply', '-f', '-'], JSON.stringify(objectOf('User', 'shop', 'alice', {})));
      return world.conditionOf('User', 'shop', 'alice', 'Ready')?.status === 'True';
    }, 60_000);
    expect(await ask('outlives')).toBe('served');
  }, 120_000);
});
