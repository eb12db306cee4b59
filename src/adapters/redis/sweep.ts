import { assert } from '../../core/assert.ts';
import { decodeHold } from '../../core/hold.ts';
import { MAX_CALL_MS } from '../../core/ledger-time.ts';
import type { Ledger, SweepOutcome, SweptHold } from '../../ports/ledger.ts';
import type { Connection } from './connection.ts';
import type { Failure } from './failure.ts';
import { heldRecords } from './held-records.ts';
import type { LedgerKeys } from './keys.ts';
import type { Link } from './link.ts';

/** Holds booked by one script. */
const BATCH = 100;
/** Proxies looked at by one sweep. */
const MOST_PROXIES = 100;

interface Sweeper {
  readonly link: Link;
  readonly connection: Connection;
  readonly keys: LedgerKeys;
}

interface OpenRecord {
  readonly seq: string;
  readonly record: string;
  readonly admittedMs: number;
}

interface ProxyHolds {
  readonly kind: 'holds';
  readonly deadlineMs: number;
  readonly open: readonly OpenRecord[];
}

/**
 * `Ledger.sweep`: one script names the proxies that are due, a plain scan reads their holds, and a script per batch
 * books them. Between the steps nothing is trusted: the last script compares every hold and the deadline again.
 */
export function createSweep(sweeper: Sweeper): Ledger['sweep'] {
  const { connection, keys } = sweeper;
  return async (limit) => {
    const due = await connection.run('due', [keys.meta, keys.live], [String(MOST_PROXIES)]);
    if (due.kind !== 'answer') return due;
    if (due.verdict === 'paused') return { kind: 'paused', untilMs: Number(due.values[0]) };
    const [nowMs, ...proxies] = due.values;
    const booked: SweptHold[] = [];
    for (const proxy of proxies) {
      if (booked.length >= limit) break;
      const outcome = await sweepProxy(sweeper, String(proxy), Number(nowMs), limit - booked.length);
      if (outcome.kind !== 'swept') return outcome;
      booked.push(...outcome.booked);
    }
    return { kind: 'swept', nowMs: Number(nowMs), booked };
  };
}

/** Books at most `most` expired holds of one proxy. */
async function sweepProxy(sweeper: Sweeper, proxy: string, nowMs: number, most: number): Promise<SweepOutcome> {
  const holds = await holdsOf(sweeper, proxy);
  if (holds.kind !== 'holds') return holds;
  const isExpired = (hold: OpenRecord): boolean => holds.deadlineMs <= nowMs || hold.admittedMs + MAX_CALL_MS <= nowMs;
  const expired = holds.open.filter(isExpired);
  const leftMs = holds.open.filter((hold) => !isExpired(hold)).map((hold) => hold.admittedMs);
  const oldestLeft = leftMs.length === 0 ? '' : String(leftMs.reduce((a, b) => Math.min(a, b)));
  const taken = expired.slice(0, most);
  const booked: SweptHold[] = [];
  for (let i = 0; i === 0 || i < taken.length; i += BATCH) {
    const isLast = i + BATCH >= taken.length && taken.length === expired.length;
    const outcome = await book(sweeper, proxy, taken.slice(i, i + BATCH), [isLast ? '1' : '0', oldestLeft]);
    if (outcome.kind !== 'swept') return outcome;
    booked.push(...outcome.booked);
  }
  return { kind: 'swept', nowMs, booked };
}

async function holdsOf({ link, keys }: Sweeper, proxy: string): Promise<ProxyHolds | Failure> {
  const open = new Map<string, OpenRecord>();
  let deadlineMs = 0;
  let cursor = '0';
  do {
    const from = cursor;
    const page = await link.attempt(() => link.redis.hscan(keys.proxy(proxy), from, 'COUNT', 1000));
    if (page.kind !== 'value') return page;
    const [next, fields] = page.value;
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const [seq = '', text = ''] = fields.slice(i, i + 2);
      if (seq === 'dl') deadlineMs = Number(text);
      if (text.startsWith('o')) open.set(seq, { seq, record: text, admittedMs: decodeHold(text).admittedMs });
    }
    cursor = next;
  } while (cursor !== '0');
  return { kind: 'holds', deadlineMs, open: [...open.values()] };
}

async function book(
  { connection, keys }: Sweeper,
  proxy: string,
  holds: readonly OpenRecord[],
  progress: readonly [isLast: string, oldestLeft: string],
): Promise<SweepOutcome> {
  const records = holds.map(({ seq, record }) => ({ record, head: [seq, record] }));
  const { subjects, args } = heldRecords(keys, records, 4);
  const scriptKeys = [keys.meta, keys.proxy(proxy), keys.live, ...subjects];
  const answer = await connection.run('sweep', scriptKeys, [proxy, ...progress, ...args]);
  if (answer.kind !== 'answer') return answer;
  if (answer.verdict === 'paused') return { kind: 'paused', untilMs: Number(answer.values[0]) };
  assert(answer.verdict === 'swept', `sweep answered ${answer.verdict}`);
  const [nowMs, ...pairs] = answer.values;
  const booked: SweptHold[] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    booked.push({ id: { proxy, seq: Number(pairs[i]) }, booked: BigInt(String(pairs[i + 1])) });
  }
  return { kind: 'swept', nowMs: Number(nowMs), booked };
}
