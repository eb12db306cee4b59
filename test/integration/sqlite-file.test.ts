import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSqliteLedger } from '../../src/adapters/sqlite/sqlite-ledger.ts';
import type { LedgerStore } from '../../src/ports/ledger-store.ts';
import { call, KNOWN, MINUTE, NEW, NOON, PLATFORM, REVISION, settleOf, subject } from '../gen/calls.ts';
import { admitted, done } from '../gen/ledger-world.ts';
import { createManualClock, type ManualClock } from '../gen/manual-clock.ts';

const random = { uuid: () => randomUUID(), bytes: (count: number) => randomBytes(count) };
const KEY = subject('vkey', 'bot');

let folder: string;
let path: string;
let clock: ManualClock;
let stores: LedgerStore[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'budgetd-file-'));
  path = join(folder, 'budgetd.db');
  clock = createManualClock(NOON);
  stores = [];
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  rmSync(folder, { recursive: true });
});

function open(): LedgerStore {
  const store = createSqliteLedger({ clock, random }, { path });
  stores.push(store);
  return store;
}

async function attend(store: LedgerStore, knownBefore: boolean): Promise<number> {
  const claimed = await store.writer.claim(knownBefore ? KNOWN : NEW);
  if (claimed.kind !== 'claimed') throw new Error(`claim answered ${claimed.kind}`);
  await done(store.writer.renewLease(claimed.term));
  await done(store.writer.editPlatform(claimed.term, PLATFORM));
  await done(store.writer.edit(claimed.term, { subject: KEY, revision: REVISION, definitions: {} }));
  return claimed.term;
}

async function standing(store: LedgerStore): Promise<unknown> {
  const outcome = await store.ledger.read([KEY]);
  const [found] = outcome.kind === 'read' ? outcome.subjects : [];
  return found === undefined ? outcome : { total: found.totals['u'] ?? 0n, held: found.held['u'] ?? 0n };
}

test('what was counted is there after reopening, ids included', async () => {
  const first = open();
  await attend(first, false);
  await admitted(first.ledger.reserve(call(NOON, { seq: 1 })));
  await admitted(first.ledger.reserve(call(NOON, { seq: 2 })));
  await done(first.ledger.settle(settleOf(call(NOON, { seq: 1 }), 30n, { usage: '{}' })));
  await first.records.put('platform', 'kept');
  await first.close();
  stores = [];
  const second = open();
  expect(await standing(second)).toEqual({ total: 30n, held: 100n });
  expect(await second.ledger.settle(settleOf(call(NOON, { seq: 1 }), 30n))).toEqual({ kind: 'duplicate' });
  expect(await second.records.get('platform')).toBe('kept');
});

test('a claim begins a new incarnation and lets sweeping rest, so that the last life can still settle', async () => {
  const store = open();
  await attend(store, false);
  const before = await store.ledger.settle(settleOf(call(NOON, { seq: 1 }), 30n));
  await admitted(store.ledger.reserve(call(NOON, { seq: 2 })));
  for (let i = 0; i < 4; i += 1) {
    clock.advance(20_000);
    await store.ledger.beat('proxy-2', [], []);
  }
  await attend(store, true);
  const after = await store.ledger.settle(settleOf(call(NOON, { seq: 3 }), 1n));
  if (before.kind !== 'done' || after.kind !== 'done') throw new Error('both are done');
  expect(after.position).toMatchObject({ count: 1 });
  expect(after.position.incarnation).not.toBe(before.position.incarnation);
  expect(await store.ledger.sweep(10)).toEqual({ kind: 'paused', untilMs: clock.wallMs() + MINUTE });
});

test('a process that only opens the file begins nothing', async () => {
  const store = open();
  await attend(store, false);
  const first = await store.ledger.settle(settleOf(call(NOON, { seq: 1 }), 30n));
  await open().ready();
  const second = await store.ledger.settle(settleOf(call(NOON, { seq: 2 }), 30n));
  if (first.kind !== 'done' || second.kind !== 'done') throw new Error('both are done');
  expect(second.position).toEqual({ ...first.position, count: first.position.count + 1 });
});

test('a file that is no database answers everything with why', async () => {
  writeFileSync(path, 'this is not a ledger, and long enough not to be taken for an empty file'.repeat(100));
  const store = open();
  await expect(store.ready()).rejects.toMatchObject({ name: 'PortError', transient: false });
  const misconfigured = { kind: 'misconfigured', what: expect.stringContaining('not a database') };
  expect(await store.ledger.reserve(call(NOON))).toMatchObject(misconfigured);
  expect(await store.writer.claim(NEW)).toMatchObject(misconfigured);
  await expect(store.records.get('platform')).rejects.toMatchObject({ transient: false });
});

test('a damaged page is noticed and never counted as zero', async () => {
  const store = open();
  await attend(store, false);
  for (let seq = 1; seq <= 200; seq += 1) await done(store.ledger.settle(settleOf(call(NOON, { seq }), 1n)));
  await store.close();
  stores = [];
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096, bytes.length);
  writeFileSync(path, bytes);
  const damaged = open();
  expect(await damaged.ledger.reserve(call(NOON, { seq: 999 }))).toMatchObject({ kind: 'misconfigured' });
});

test('a file of a newer format is refused and left as it is', async () => {
  await open().ready();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 2');
  db.close();
  const store = open();
  await expect(store.ready()).rejects.toThrow('format 2');
  expect(await store.ledger.read([])).toMatchObject({ kind: 'misconfigured' });
});

test('a counter that something else wrote to changes nothing anywhere', async () => {
  const store = open();
  await attend(store, false);
  await admitted(store.ledger.reserve(call(NOON, { seq: 1 })));
  const db = new DatabaseSync(path);
  db.exec(`UPDATE field SET value = '99' WHERE key = 's:vkey:shop/bot' AND field = 'h.u'`);
  expect(await store.ledger.settle(settleOf(call(NOON, { seq: 1 }), 30n))).toMatchObject({ kind: 'misconfigured' });
  db.exec(`UPDATE field SET value = '100' WHERE key = 's:vkey:shop/bot' AND field = 'h.u'`);
  db.close();
  await done(store.ledger.settle(settleOf(call(NOON, { seq: 1 }), 30n)));
  expect(await standing(store)).toEqual({ total: 30n, held: 0n });
});

test('while another process holds the file for too long the ledger is away', async () => {
  const store = open();
  await attend(store, false);
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  expect(await store.ledger.reserve(call(NOON))).toMatchObject({ kind: 'away', uncertain: false });
  other.exec('ROLLBACK');
  other.close();
  await admitted(store.ledger.reserve(call(NOON)));
});
