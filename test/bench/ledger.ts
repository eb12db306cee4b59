/**
 * What a call costs the ledger: CPU per reserve + settle pair over 4 subjects x 3 windows, beside the least that any
 * exact ledger could do without a check (two plain pipelines of 12 HINCRBY), in one run with shuffled rounds.
 *
 * usage: node test/bench/ledger.ts [--rounds N] [--pairs N]      writes test/bench/results/ledger-<time>.json
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { NEW } from '../gen/calls.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createRedisLedger } from '../../src/adapters/redis/redis-ledger.ts';
import { createSqliteLedger } from '../../src/adapters/sqlite/sqlite-ledger.ts';
import type { ReserveCall, ReserveGroup } from '../../src/ports/ledger.ts';
import type { LedgerStore } from '../../src/ports/ledger-store.ts';
import type { Subject } from '../../src/core/subject.ts';
import type { Window } from '../../src/core/window.ts';
import { windowAt } from '../../src/core/window.ts';
import { type RedisServer, startRedis } from '../integration/redis-server.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '25' }, pairs: { type: 'string', default: '2400' } },
});
const ROUNDS = Number(options.rounds);
const PAIRS = Number(options.pairs);
/** Concurrent calls, spread over as many connections as there are proxies. */
const CALLERS = 16;
const PROXIES = 4;
const KEYS = 200;
const PERIODS = ['1d', '1w', '1mo'];
const HOLD = 20_000_000n;
const ACTUAL = 1_234_567n;

interface Sample {
  readonly variant: string;
  readonly serverUs: number;
  readonly nodeUs: number;
  readonly wallUs: number;
}

interface Variant {
  readonly name: string;
  readonly server: RedisServer | null;
  pair(caller: number, n: number): Promise<void>;
}

const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const random = { uuid: () => randomUUID(), bytes: (count: number) => randomBytes(count) };

function ignore(): void {
  // The bench has nothing to say while it runs.
}

const windows: Window[] = PERIODS.map((period) =>
  windowAt({ period, alignment: 'Calendar', anchor: null, timeZone: 'UTC', weekStart: 1 }, Date.now()),
);
const windowEndMs = Math.min(...windows.map((window) => (window.endSeconds ?? 0) * 1000));

function subjectsOf(key: number): Subject[] {
  return [
    { kind: 'vkey', namespace: 'shop', name: `bot-${key}` },
    { kind: 'user', namespace: 'people', name: `user-${key % 50}` },
    { kind: 'team', namespace: 'platform', name: `team-${key % 10}` },
    { kind: 'team', namespace: 'platform', name: 'company' },
  ];
}

function groupsOf(key: number): ReserveGroup[] {
  return subjectsOf(key).map((subject) => ({
    subject,
    counter: 'u',
    revision: '1',
    budgets: windows.map((window, i) => ({
      name: PERIODS[i] ?? '',
      window,
      definition: '9f86d081884c7d65',
      limit: 900_000_000_000_000n,
      overdraft: i === 0 ? 'Deny' : 'Allow',
    })),
  }));
}

const groups = Array.from({ length: KEYS }, (_, key) => groupsOf(key));

async function prepare(store: LedgerStore): Promise<void> {
  const claimed = await store.writer.claim(NEW);
  if (claimed.kind !== 'claimed') throw new Error(`claim: ${JSON.stringify(claimed)}`);
  await store.writer.renewLease(claimed.term);
  await store.writer.editPlatform(claimed.term, 'p1');
  for (let key = 0; key < KEYS; key += 1) {
    for (const subject of subjectsOf(key)) {
      await store.writer.edit(claimed.term, { subject, revision: '1', definitions: {} });
    }
  }
}

/** One ledger call and its settle; anything but admitted and done ends the bench. */
async function ledgerPair(store: LedgerStore, proxy: string, seq: number): Promise<void> {
  const nowMs = Date.now();
  const callGroups = groups[(seq * 7) % KEYS] ?? [];
  const hold = {
    admittedMs: nowMs,
    windowEndMs,
    charges: callGroups.map(({ subject, counter }) => ({ subject, counter })),
    amount: HOLD,
    onLost: ACTUAL,
  };
  const id = { proxy, seq };
  const call: ReserveCall = {
    id,
    platformRevision: 'p1',
    fromMs: nowMs - 5000,
    untilMs: nowMs + 5000,
    hold,
    groups: callGroups,
    free: false,
  };
  const reserved = await store.ledger.reserve(call);
  if (reserved.kind !== 'admitted') throw new Error(`reserve: ${reserved.kind}`);
  const settled = await store.ledger.settle({ id, hold, actual: ACTUAL, usage: null, low: seq - 1 });
  if (settled.kind !== 'done') throw new Error(`settle: ${settled.kind}`);
}

/** The yardstick: one increment per subject and window. */
const pipeline = async (client: Redis | undefined, key: number): Promise<void> => {
  const batch = client?.pipeline();
  for (const subject of subjectsOf(key)) {
    const hash = `plain:${subject.kind}:${subject.namespace}/${subject.name}`;
    for (const [i, window] of windows.entries()) batch?.hincrby(hash, `${PERIODS[i]}.${window.startSeconds}`, 1);
  }
  await batch?.exec();
};

async function redisVariants(name: string, settings: readonly string[]): Promise<Variant[]> {
  const server = await startRedis(settings);
  const stores = Array.from({ length: PROXIES }, () =>
    createRedisLedger({ random, log: quiet }, { url: server.url, installation: 'bench', commandTimeoutMs: 20_000 }),
  );
  await Promise.all(stores.map((store) => store.ready()));
  const [first] = stores;
  if (first !== undefined) await prepare(first);
  const proxies = Array.from({ length: CALLERS }, () => randomUUID());
  const plain = Array.from({ length: PROXIES }, () => new Redis(server.url, { protocol: 2 }));
  closers.push(async () => {
    await Promise.all(stores.map((store) => store.close()));
    for (const client of plain) client.disconnect();
    await server.stop();
  });
  return [
    {
      name: `${name}: reserve + settle`,
      server,
      pair: (caller, n) => ledgerPair(stores[caller % PROXIES] ?? first!, proxies[caller] ?? '', n),
    },
    {
      name: `${name}: two pipelines`,
      server,
      pair: async (caller, n) => {
        await pipeline(plain[caller % PROXIES], (n * 7) % KEYS);
        await pipeline(plain[caller % PROXIES], (n * 7) % KEYS);
      },
    },
  ];
}

async function sqliteVariant(): Promise<Variant> {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-bench-'));
  const store = createSqliteLedger({ clock: createSystemClock(), random }, { path: join(folder, 'budgetd.db') });
  await prepare(store);
  const proxies = Array.from({ length: CALLERS }, () => randomUUID());
  closers.push(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return {
    name: 'SQLite: reserve + settle',
    server: null,
    pair: (caller, n) => ledgerPair(store, proxies[caller] ?? '', n),
  };
}

const closers: (() => Promise<void>)[] = [];
const seqs = new Map<string, number>();

async function measure(variant: Variant): Promise<Sample> {
  const base = seqs.get(variant.name) ?? 0;
  const each = Math.floor(PAIRS / CALLERS);
  seqs.set(variant.name, base + each);
  const [server, node, wall] = [await serverCpuUs(variant.server), process.cpuUsage(), performance.now()];
  await Promise.all(
    Array.from({ length: CALLERS }, async (_, caller) => {
      for (let n = 1; n <= each; n += 1) await variant.pair(caller, base + n);
    }),
  );
  const spent = process.cpuUsage(node);
  const pairs = each * CALLERS;
  return {
    variant: variant.name,
    serverUs: ((await serverCpuUs(variant.server)) - server) / pairs,
    nodeUs: (spent.user + spent.system) / pairs,
    wallUs: ((performance.now() - wall) * 1000) / pairs,
  };
}

async function serverCpuUs(server: RedisServer | null): Promise<number> {
  if (server === null) return 0;
  const info = await server.admin.info('cpu');
  const seconds = (field: string): number => Number(new RegExp(`${field}:([0-9.]+)`).exec(info)?.[1]);
  return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1e6;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: randomBytes(4).readUInt32LE() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

function show({ median, min, max }: { median: number; min: number; max: number }): string {
  return `${median.toFixed(1)} (${min.toFixed(1)}-${max.toFixed(1)})`.padEnd(24);
}

const variants = [
  ...(await redisVariants('AOF off', [])),
  ...(await redisVariants('AOF everysec', ['--appendonly', 'yes'])),
  await sqliteVariant(),
];
for (const variant of variants) await measure(variant);
const samples: Sample[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  for (const variant of shuffled(variants)) samples.push(await measure(variant));
}

console.log(
  `${ROUNDS} rounds of ${PAIRS} pairs, ${CALLERS} callers, ${PROXIES} connections, 4 subjects x 3 windows; us per pair, median (min-max)`,
);
console.log(`${'variant'.padEnd(32)}${'Redis CPU'.padEnd(24)}${'Node CPU'.padEnd(24)}wall`);
for (const { name } of variants) {
  const own = samples.filter((sample) => sample.variant === name);
  const column = (pick: (sample: Sample) => number): string => show(spread(own.map(pick)));
  console.log(`${name.padEnd(32)}${column((s) => s.serverUs)}${column((s) => s.nodeUs)}${column((s) => s.wallUs)}`);
}
// Both are slower while the machine is busy, so each round has a ratio of its own.
for (const aof of ['AOF off', 'AOF everysec']) {
  const of = (variant: string): Sample[] => samples.filter((sample) => sample.variant === `${aof}: ${variant}`);
  const plain = of('two pipelines');
  const ratios = of('reserve + settle').map((sample, i) => sample.serverUs / (plain[i]?.serverUs ?? 0));
  const { median, min, max } = spread(ratios);
  const target = aof === 'AOF off' ? ', target 1.60' : '';
  console.log(`${aof}: ${median.toFixed(2)} x the pipelines (${min.toFixed(2)}-${max.toFixed(2)} per round${target})`);
}
for (const close of closers) await close();

mkdirSync(new URL('results/', import.meta.url), { recursive: true });
const file = new URL(`results/ledger-${new Date().toISOString().replaceAll(':', '-')}.json`, import.meta.url);
const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, arch: arch() };
const result = { machine, rounds: ROUNDS, pairs: PAIRS, callers: CALLERS, proxies: PROXIES, samples };
writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
