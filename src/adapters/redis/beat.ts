import type { BeatOutcome, BeatRaise, Ledger } from '../../ports/ledger.ts';
import type { Connection } from './connection.ts';
import type { Failure } from './failure.ts';
import { heldRecords } from './held-records.ts';
import type { LedgerKeys } from './keys.ts';
import type { Link } from './link.ts';

/** Ids and raises in one script: few enough for Lua's stack, short enough not to hold others up. */
const BATCH = 500;

interface Beater {
  readonly link: Link;
  readonly connection: Connection;
  readonly keys: LedgerKeys;
}

interface Raise extends BeatRaise {
  readonly record: string;
}

/** `Ledger.beat`: a plain read finds the subjects of the raised holds, so that the script can declare its keys. */
export function createBeat({ link, connection, keys }: Beater): Ledger['beat'] {
  async function recordsOf(proxy: string, raises: readonly BeatRaise[]): Promise<Raise[] | Failure> {
    if (raises.length === 0) return [];
    const seqs = raises.map((raise) => String(raise.seq));
    const read = await link.attempt(() => link.redis.hmget(keys.proxy(proxy), ...seqs));
    if (read.kind !== 'value') return read;
    return raises.flatMap((raise, i) => {
      const record = read.value[i];
      return record?.startsWith('o') === true ? [{ ...raise, record }] : [];
    });
  }

  async function beatOnce(proxy: string, open: readonly number[], raises: readonly BeatRaise[]): Promise<BeatOutcome> {
    const found = await recordsOf(proxy, raises);
    if ('kind' in found) return found;
    const { subjects, args } = heldRecords(
      keys,
      found.map((raise) => ({ record: raise.record, head: [String(raise.seq), String(raise.amount)] })),
      4,
    );
    const answer = await connection.run(
      'beat',
      [keys.meta, keys.proxy(proxy), keys.live, ...subjects],
      [String(open.length), ...open.map(String), ...args],
    );
    if (answer.kind !== 'answer') return answer;
    const [nowMs, ...unknown] = answer.values.map(Number);
    return { kind: 'beat', nowMs: nowMs ?? 0, unknown };
  }

  return async (proxy, open, raises) => {
    const highest = highestBySeq(raises);
    const unknown: number[] = [];
    let nowMs = 0;
    for (let i = 0; i === 0 || i < Math.max(open.length, highest.length); i += BATCH) {
      const outcome = await beatOnce(proxy, open.slice(i, i + BATCH), highest.slice(i, i + BATCH));
      if (outcome.kind !== 'beat') return outcome;
      nowMs = outcome.nowMs;
      unknown.push(...outcome.unknown);
    }
    return { kind: 'beat', nowMs, unknown };
  };
}

/** One raise per hold: the script reads every hold before it raises the first. */
function highestBySeq(raises: readonly BeatRaise[]): BeatRaise[] {
  const bySeq = new Map<number, BeatRaise>();
  for (const raise of raises) {
    const known = bySeq.get(raise.seq);
    if (known === undefined || known.amount < raise.amount) bySeq.set(raise.seq, raise);
  }
  return [...bySeq.values()];
}
