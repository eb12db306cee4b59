import { assert } from '../../core/assert.ts';
import { encodeHold } from '../../core/hold.ts';
import { PRUNE_LEAST, PRUNE_MOST, TOO_OLD_MS } from '../../core/ledger-time.ts';
import { MAX_CALL_NANOS } from '../../core/money.ts';
import { settlement } from '../../core/settlement.ts';
import type { Position, Settle, SettleOutcome } from '../../ports/ledger.ts';
import { book } from './booking.ts';
import { META, type Operation } from './operation.ts';
import { proxyKey } from './proxies.ts';

/** Usage entries that are kept. */
const MOST_USAGE = 200_000;
/** The stream of usage is trimmed every so many settles. */
const TRIM_EVERY = 1000;

/** `Ledger.settle` in one transaction. */
export function settle(operation: Operation, { id, hold, actual, usage, low }: Settle): SettleOutcome {
  assert(actual >= 0n && actual <= MAX_CALL_NANOS, 'a cost lies between 0 and the most that one call may cost');
  const { fields, nowMs } = operation;
  if (nowMs - hold.admittedMs > TOO_OLD_MS) return { kind: 'too_old' };
  const key = proxyKey(id.proxy);
  const resolvedUpTo = Number(fields.get(key, 'low') ?? 0);
  const stored = fields.get(key, String(id.seq));
  const outcome = settlement(stored, encodeHold(hold), actual, id.seq <= resolvedUpTo);
  if (outcome.kind !== 'book') return outcome;
  book(operation, hold, outcome);
  fields.set(key, String(id.seq), outcome.marker);
  prune(operation, key, resolvedUpTo, low);
  const position = advance(operation);
  if (usage !== null) recordUsage(operation, position, usage);
  operation.keepTime();
  return { kind: 'done', position };
}

/** The next position in the life of the ledger's data. */
export function advance({ fields, meta }: Operation): Position {
  const count = Number(meta.get('q') ?? 0) + 1;
  fields.set(META, 'q', String(count));
  return { incarnation: meta.get('inc') ?? '', count };
}

/** Drops the markers of confirmed ids, in batches; an open hold stays whatever its proxy says. */
function prune({ fields }: Operation, key: string, from: number, low: number): void {
  const confirmed = Math.min(low, from + PRUNE_MOST);
  if (confirmed - from < PRUNE_LEAST) return;
  for (let seq = from + 1; seq <= confirmed; seq += 1) {
    if (fields.get(key, String(seq))?.startsWith('o') !== true) fields.remove(key, String(seq));
  }
  fields.set(key, 'low', String(confirmed));
}

function recordUsage({ db }: Operation, position: Position, entry: string): void {
  db.run('INSERT INTO usage (at, entry) VALUES (?, ?)', `${position.incarnation}:${position.count}`, entry);
  if (position.count % TRIM_EVERY !== 0) return;
  db.run('DELETE FROM usage WHERE id <= (SELECT max(id) FROM usage) - ?', MOST_USAGE);
}
