import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as elapse } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRedisLedger } from '../../src/adapters/redis/redis-ledger.ts';
import { spentByWindow } from '../../src/core/ledger-fields.ts';
import { LIFETIME } from '../../src/core/window.ts';
import type { LedgerStore } from '../../src/ports/ledger-store.ts';
import { budget, call, group, KNOWN, NEW, PLATFORM, REVISION, settleOf, subject } from '../gen/calls.ts';
import { admitted, done } from '../gen/ledger-world.ts';
import { silentLog } from '../gen/silent-log.ts';
import { hasRedis, type RedisServer, startRedis } from '../integration/redis-server.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const random = { uuid: () => randomUUID(), bytes: (count: number) => randomBytes(count) };
const KEY = subject('vkey', 'bot');
const TEAM = subject('team', 'shop', 'platform');
const TAG = 'budgetd:{faults}';

/** These tests run on the server's clock: what they ask does not depend on the time of day. */
const lifetime = group({ budgets: [budget({ name: 'total', period: null, limit: 10_000n })] });
const both = [lifetime, group({ subject: TEAM, budgets: [] })];

const standing = async (store: LedgerStore): Promise<unknown> => {
  const outcome = await store.ledger.read([KEY]);
  const [found] = outcome.kind === 'read' ? outcome.subjects : [];
  return found === undefined ? outcome : { total: found.totals['u'] ?? 0n, held: found.held['u'] ?? 0n };
};

/** Asks until the answer is another: a connection comes back when it comes back. */
const until = async <T extends { kind: string }>(ask: () => Promise<T>, kind: string): Promise<T> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const outcome = await ask();
    if (outcome.kind === kind) return outcome;
    await elapse(25);
  }
  throw new Error(`never answered ${kind}`);
};

describe.skipIf(!hasRedis())('the ledger on a Redis that fails', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let stores: LedgerStore[];
  let term: number;
  let startedMs: number;

  const open = async (port: number, options: { commandTimeoutMs?: number } = {}): Promise<LedgerStore> => {
    const url = `redis://127.0.0.1:${port}`;
    const store = createRedisLedger({ random, log: silentLog }, { url, installation: 'faults', ...options });
    stores.push(store);
    await store.ready();
    return store;
  };
  const attend = async (store: LedgerStore): Promise<void> => {
    const claimed = await store.writer.claim(NEW);
    if (claimed.kind !== 'claimed') throw new Error(`claim answered ${claimed.kind}`);
    ({ term } = claimed);
    await done(store.writer.renewLease(term));
    await done(store.writer.editPlatform(term, PLATFORM));
    for (const who of [KEY, TEAM]) {
      await done(store.writer.edit(term, { subject: who, revision: REVISION, definitions: {} }));
    }
  };
  const send = (seq: number, amount: bigint, groups: typeof both): ReturnType<typeof call> =>
    call(startedMs, { seq, amount, groups, untilMs: startedMs + 60_000 });
  const one = (seq: number, amount = 100n): ReturnType<typeof call> => send(seq, amount, [lifetime]);
  beforeEach(async () => {
    stores = [];
    startedMs = Date.now();
    server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    proxy = await startFaultProxy(server.port);
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await proxy.close();
    await server.stop();
  });

  test('64 concurrent reserves over two connections never pass a Deny limit', async () => {
    const [first, second] = [await open(server.port), await open(server.port)];
    await attend(first);
    const outcomes = await Promise.all(
      Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? first : second).ledger.reserve(one(i + 1, 300n))),
    );
    expect(outcomes.filter((outcome) => outcome.kind === 'admitted')).toHaveLength(33);
    expect(await standing(first)).toEqual({ total: 0n, held: 9900n });
  });

  test('a reserve whose reply was lost is uncertain, and its release gives the hold back', async () => {
    const store = await open(proxy.port, { commandTimeoutMs: 150 });
    await attend(store);
    // The server knows the script by now: what is lost below is the answer, not the question.
    await admitted(store.ledger.reserve(one(2)));
    proxy.dropReplies(true);
    const call1 = one(1);
    expect(await store.ledger.reserve(call1)).toMatchObject({ kind: 'away', uncertain: true });
    expect(await standing(await open(server.port))).toEqual({ total: 0n, held: 200n });
    proxy.dropReplies(false);
    await until(() => store.ledger.settle(settleOf(call1, 0n)), 'done');
    expect(await standing(store)).toEqual({ total: 0n, held: 100n });
  });

  test('a reserve that never arrived is voided by its release, and can arrive no more', async () => {
    const store = await open(proxy.port, { commandTimeoutMs: 150 });
    await attend(store);
    proxy.blackHole(true);
    const call1 = one(1);
    expect(await store.ledger.reserve(call1)).toMatchObject({ kind: 'away', uncertain: true });
    proxy.blackHole(false);
    const direct = await open(server.port);
    await done(direct.ledger.settle(settleOf(call1, 0n)));
    expect(await direct.ledger.reserve(call1)).toEqual({ kind: 'conflict' });
    expect(await standing(direct)).toEqual({ total: 0n, held: 0n });
  });

  test('a half-open connection is given up, so that the next one serves', async () => {
    const store = await open(proxy.port, { commandTimeoutMs: 100 });
    await attend(store);
    proxy.blackHole(true);
    expect(await store.ledger.reserve(one(1))).toMatchObject({ kind: 'away' });
    await elapse(400);
    proxy.blackHole(false);
    await until(() => store.ledger.reserve(one(2)), 'admitted');
  });

  test('a lost connection answers at once and comes back by itself', async () => {
    const store = await open(proxy.port);
    await attend(store);
    proxy.reset();
    const outcome = await until(() => store.ledger.reserve(one(1)), 'admitted');
    expect(outcome.kind).toBe('admitted');
    await server.kill();
    await until(() => store.ledger.reserve(one(2)), 'away');
    expect(await store.ledger.reserve(one(3))).toEqual({ kind: 'away', cause: 'not connected', uncertain: false });
  });

  test('a server that forgot the scripts is told them again', async () => {
    const store = await open(server.port);
    await attend(store);
    await server.admin.script('FLUSH');
    await admitted(store.ledger.reserve(one(1)));
    await server.admin.script('FLUSH');
    await done(store.ledger.settle(settleOf(one(1), 5n)));
  });

  test('without memory nothing is admitted and everything settles, revokes and beats', async () => {
    const store = await open(server.port);
    await attend(store);
    const call1 = one(1);
    await admitted(store.ledger.reserve(call1));
    await server.admin.config('SET', 'maxmemory', '1');
    expect(await store.ledger.reserve(one(2))).toMatchObject({
      kind: 'misconfigured',
      what: expect.stringContaining('maxmemory'),
    });
    expect(await store.ledger.beat('proxy-1', [1], [{ seq: 1, amount: 200n }])).toMatchObject({ unknown: [] });
    await done(store.ledger.settle(settleOf(call1, 30n, { usage: '{}' })));
    await done(store.writer.edit(term, { subject: KEY, revision: '!2', definitions: {} }));
    expect(await standing(store)).toEqual({ total: 30n, held: 0n });
  });

  test('without replicas that Redis insists on, the ledger is away and nothing is half done', async () => {
    const store = await open(server.port);
    await attend(store);
    await server.admin.config('SET', 'min-replicas-to-write', '1');
    expect(await store.ledger.reserve(one(1))).toMatchObject({ kind: 'away', uncertain: false });
    expect(await store.ledger.settle(settleOf(one(1), 5n))).toMatchObject({ kind: 'away' });
    await server.admin.config('SET', 'min-replicas-to-write', '0');
    expect(await standing(store)).toEqual({ total: 0n, held: 0n });
  });

  test('while another script keeps Redis busy the ledger is away', async () => {
    const store = await open(server.port, { commandTimeoutMs: 2000 });
    await attend(store);
    await server.admin.config('SET', 'busy-reply-threshold', '20');
    const loop = server.admin.duplicate();
    const spinning = loop.eval('while true do end', 0).catch(() => 'killed');
    const outcome = await until(() => store.ledger.reserve(one(1)), 'away');
    expect(outcome).toMatchObject({ cause: expect.stringContaining('BUSY'), uncertain: false });
    await server.admin.script('KILL');
    expect(await spinning).toBe('killed');
    loop.disconnect();
    await until(() => store.ledger.reserve(one(2)), 'admitted');
  });

  test('a read-only replica is away', async () => {
    const store = await open(server.port);
    await attend(store);
    await server.admin.replicaof('127.0.0.1', '1');
    expect(await store.ledger.reserve(one(1))).toMatchObject({ kind: 'away', uncertain: false });
    await server.admin.replicaof('NO', 'ONE');
  });

  test('a counter of another type or without a number changes nothing anywhere, and says what is wrong', async () => {
    const store = await open(server.port);
    await attend(store);
    const call1 = send(1, 100n, both);
    await admitted(store.ledger.reserve(call1));
    const team = `${TAG}:s:team:platform/shop`;
    const spoil: [string, () => Promise<unknown>][] = [
      ['WRONGTYPE', () => server.admin.multi().rename(team, 'saved').set(team, 'x').exec()],
      ['not an integer', () => server.admin.multi().copy('saved', team, 'REPLACE').hset(team, 'T.u', '1.5').exec()],
      [
        'overflow',
        () =>
          server.admin
            .multi()
            .copy('saved', team, 'REPLACE')
            .hset(team, 'T.u', `${2n ** 63n - 5n}`)
            .exec(),
      ],
      ['below zero', () => server.admin.multi().copy('saved', team, 'REPLACE').hset(team, 'h.u', '99').exec()],
    ];
    for (const [what, damage] of spoil) {
      await damage();
      const outcome = await store.ledger.settle(settleOf(call1, 30n));
      expect(outcome).toMatchObject({ kind: 'misconfigured', what: expect.stringContaining(what) });
      expect(await standing(store)).toEqual({ total: 0n, held: 100n });
    }
    await server.admin.copy('saved', team, 'REPLACE');
    await done(store.ledger.settle(settleOf(call1, 30n)));
    expect(await standing(store)).toEqual({ total: 30n, held: 0n });
  });

  test('a base that cannot be raised leaves an adjustment undone, and says what is wrong', async () => {
    const store = await open(server.port);
    await attend(store);
    await admitted(store.ledger.reserve(one(1)));
    await done(store.ledger.settle(settleOf(one(1), 50n)));
    const reset = (): ReturnType<LedgerStore['writer']['adjust']> =>
      store.writer.adjust(term, {
        uid: 'uid-1',
        subject: KEY,
        createdMs: startedMs,
        change: { type: 'Reset' },
        budgets: [{ name: 'total', counter: 'u', window: LIFETIME, definition: 'def-1' }],
      });
    const key = `${TAG}:s:vkey:shop/bot`;
    const before = await server.admin.hgetall(key);
    for (const [field, text, what] of [
      ['z.u.total.0', 'x', 'not an integer'],
      ['z.u.total.0', '9'.repeat(18), '18 digits'],
      ['T.u', '1.5', 'no amount'],
    ] as const) {
      await server.admin.hset(key, field, text);
      expect(await reset()).toMatchObject({ kind: 'misconfigured', what: expect.stringContaining(what) });
      expect(await server.admin.hgetall(key)).toEqual({ ...before, [field]: text });
      await server.admin.hdel(key, field);
      await server.admin.hset(key, before);
    }
    expect(await reset()).toMatchObject({ kind: 'adjusted', applied: { budgets: [{ amount: 50n }] } });
  });

  test('a user without the right to one of the keys changes nothing, and is told', async () => {
    const store = await open(server.port);
    await attend(store);
    await server.admin.call(
      'ACL',
      'SETUSER',
      'narrow',
      'on',
      '>secret',
      '+@all',
      `~${TAG}:m`,
      `~${TAG}:p:*`,
      `~${TAG}:live`,
      `~${TAG}:usage`,
      `~${TAG}:s:vkey:*`,
    );
    const url = `redis://narrow:secret@127.0.0.1:${server.port}`;
    const narrow = createRedisLedger({ random, log: silentLog }, { url, installation: 'faults' });
    stores.push(narrow);
    await narrow.ready();
    const call1 = send(1, 100n, both);
    const outcome = await narrow.ledger.reserve(call1);
    expect(outcome).toMatchObject({ kind: 'misconfigured', what: expect.stringContaining('permission') });
    expect(await standing(store)).toEqual({ total: 0n, held: 0n });
    await admitted(narrow.ledger.reserve(one(2)));
  });

  test('a wrong password is misconfigured, not away', async () => {
    await server.admin.config('SET', 'requirepass', 'right');
    const url = `redis://:wrong@127.0.0.1:${server.port}`;
    const store = createRedisLedger({ random, log: silentLog }, { url, installation: 'faults' });
    stores.push(store);
    await expect(store.ready()).rejects.toThrow('WRONGPASS');
    expect(await store.ledger.read([])).toMatchObject({
      kind: 'misconfigured',
      what: expect.stringContaining('password'),
    });
  });

  test('data of a newer format is refused for calls and settles alike, without effect', async () => {
    const store = await open(server.port);
    await attend(store);
    await admitted(store.ledger.reserve(one(1)));
    await server.admin.hset(`${TAG}:m`, 'fmt', '2');
    for (const outcome of [
      await store.ledger.reserve(one(2)),
      await store.ledger.settle(settleOf(one(1), 5n)),
      await store.writer.claim(KNOWN),
    ]) {
      expect(outcome).toMatchObject({ kind: 'misconfigured', what: expect.stringContaining('format 2') });
    }
    await server.admin.hset(`${TAG}:m`, 'fmt', '1');
    expect(await standing(store)).toEqual({ total: 0n, held: 100n });
  });

  test('after kill -9 nothing acknowledged is lost, a new incarnation begins and sweeping rests', async () => {
    const store = await open(server.port);
    await attend(store);
    const call1 = one(1);
    await admitted(store.ledger.reserve(call1));
    await admitted(store.ledger.reserve(one(2)));
    const before = await store.ledger.settle(settleOf(call1, 30n));
    await server.restart();
    const after = await until(() => store.ledger.settle(settleOf(one(9), 4n)), 'done');
    expect(await standing(store)).toEqual({ total: 34n, held: 100n });
    if (before.kind !== 'done' || after.kind !== 'done') throw new Error('both are done');
    expect(after.position.incarnation).not.toBe(before.position.incarnation);
    expect(after.position.count).toBe(1);
    const history = await server.admin.hget(`${TAG}:m`, `hist.${before.position.incarnation}`);
    expect(history).toBe(String(before.position.count));
    expect(await store.ledger.settle(settleOf(call1, 30n))).toEqual({ kind: 'duplicate' });
    expect(await store.ledger.sweep(10)).toMatchObject({ kind: 'paused' });
  });

  test('two clients of a restarted server agree on one incarnation', async () => {
    const [first, second] = [await open(server.port), await open(server.port)];
    await attend(first);
    await server.restart();
    const a = await until(() => first.ledger.settle(settleOf(one(1), 1n)), 'done');
    const b = await until(() => second.ledger.settle(settleOf(one(2), 1n)), 'done');
    if (a.kind !== 'done' || b.kind !== 'done') throw new Error('both are done');
    expect(b.position).toEqual({ incarnation: a.position.incarnation, count: 2 });
  });

  test('a flushed ledger is cold at once: no admission, no settle, and no writer may begin it anew', async () => {
    const store = await open(server.port);
    await attend(store);
    await admitted(store.ledger.reserve(one(1)));
    await server.admin.flushall();
    expect(await store.ledger.reserve(one(2))).toEqual({ kind: 'cold' });
    expect(await store.ledger.settle(settleOf(one(1), 5n))).toEqual({ kind: 'cold' });
    expect(await store.writer.claim(KNOWN)).toEqual({ kind: 'cold' });
    expect(await store.writer.claim(NEW)).toEqual({ kind: 'cold' });
  });

  test('a ledger that lost only its own hash is cold, not new', async () => {
    const store = await open(server.port);
    await attend(store);
    await admitted(store.ledger.reserve(one(1)));
    await server.admin.del(`${TAG}:m`);
    expect(await store.writer.claim(NEW)).toEqual({ kind: 'cold' });
  });

  test('a lost subject is cold, and the rest goes on', async () => {
    const store = await open(server.port);
    await attend(store);
    await server.admin.del(`${TAG}:s:team:platform/shop`);
    const call1 = send(1, 100n, both);
    expect(await store.ledger.reserve(call1)).toEqual({ kind: 'cold' });
    await admitted(store.ledger.reserve(one(2)));
  });

  test('usage entries carry the position of their settle, releases leave none', async () => {
    const store = await open(server.port);
    await attend(store);
    await admitted(store.ledger.reserve(one(1)));
    const outcome = await store.ledger.settle(settleOf(one(1), 30n, { usage: '{"model":"x"}' }));
    await done(store.ledger.settle(settleOf(one(2), 0n)));
    if (outcome.kind !== 'done') throw new Error('it is done');
    const { incarnation, count } = outcome.position;
    const entries = await server.admin.xrange(`${TAG}:usage`, '-', '+');
    expect(entries.map(([, fields]) => fields)).toEqual([['at', `${incarnation}:${count}`, 'entry', '{"model":"x"}']]);
  });

  test('a settled call is read back in its window after everything', async () => {
    const store = await open(server.port);
    await attend(store);
    await admitted(store.ledger.reserve(one(1)));
    await done(store.ledger.settle(settleOf(one(1), 77n)));
    const outcome = await store.ledger.read([KEY]);
    const [found] = outcome.kind === 'read' ? outcome.subjects : [];
    expect(found === undefined ? [] : spentByWindow(found, 'total')).toEqual([77n]);
  });
});
