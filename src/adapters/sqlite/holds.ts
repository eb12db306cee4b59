import { decodeHold } from '../../core/hold.ts';
import { heldField } from '../../core/ledger-fields.ts';
import { MAX_CALL_MS, TOO_OLD_MS } from '../../core/ledger-time.ts';
import { subjectKey } from '../../core/hold.ts';
import { openHold, sweptMarker } from '../../core/settlement.ts';
import type { BeatOutcome, BeatRaise, SweepOutcome, SweptHold } from '../../ports/ledger.ts';
import { book } from './booking.ts';
import { type Operation, resetsOf } from './operation.ts';
import { deadlineOf, lookAt, proxyKey, renew } from './proxies.ts';
import { advance } from './settle.ts';

/** `Ledger.beat` in one transaction. */
export function beat(
  operation: Operation,
  proxy: string,
  open: readonly number[],
  raises: readonly BeatRaise[],
): BeatOutcome {
  const { fields, nowMs } = operation;
  const key = proxyKey(proxy);
  const isOpen = (seq: number): boolean => fields.get(key, String(seq))?.startsWith('o') === true;
  const unknown = open.filter((seq) => !isOpen(seq));
  for (const { seq, amount } of raises) {
    const stored = fields.get(key, String(seq)) ?? '';
    const known = openHold(stored);
    if (known === undefined) continue;
    const higher = { amount: max(known.amount, amount), onLost: max(known.onLost, amount) };
    fields.set(key, String(seq), `${known.identity}|${higher.amount}|${higher.onLost}`);
    for (const { subject, counter } of decodeHold(stored).charges) {
      fields.add(`s:${subjectKey(subject)}`, heldField(counter), higher.amount - known.amount);
    }
  }
  renew(operation, proxy);
  operation.keepTime();
  return { kind: 'beat', nowMs, unknown };
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** `Ledger.sweep` in one transaction. */
export function sweep(operation: Operation, limit: number): SweepOutcome {
  const { db, fields, nowMs } = operation;
  operation.keepTime();
  const pausedUntilMs = Number(fields.get('m', 'pause') ?? 0);
  if (pausedUntilMs > nowMs) return { kind: 'paused', untilMs: pausedUntilMs };
  const due = db.all('SELECT proxy FROM live WHERE look <= ? ORDER BY look', nowMs);
  const booked: SweptHold[] = [];
  for (const row of due) booked.push(...sweepProxy(operation, String(row['proxy']), limit - booked.length));
  if (booked.length > 0) advance(operation);
  return { kind: 'swept', nowMs, booked };
}

/** Books at most `most` expired holds of one proxy and says when to look at it again. */
function sweepProxy(operation: Operation, proxy: string, most: number): SweptHold[] {
  const { fields, nowMs } = operation;
  const key = proxyKey(proxy);
  const stored = fields.all(key);
  const deadlineMs = deadlineOf(stored.get('dl'));
  const open = [...stored].filter(([, text]) => text.startsWith('o'));
  const holds = open.map(([seq, text]) => ({ seq: Number(seq), hold: decodeHold(text) }));
  const expired = holds.filter(({ hold }) => deadlineMs <= nowMs || hold.admittedMs + MAX_CALL_MS <= nowMs);
  const taken = expired.slice(0, most);
  for (const { seq, hold } of taken) {
    const resets = resetsOf(operation);
    const marker = sweptMarker(hold.onLost, resets);
    book(operation, hold, { release: hold.amount, charge: hold.onLost, credit: 0n, resets, marker });
    fields.set(key, String(seq), marker);
  }
  if (taken.length === expired.length) {
    const leftMs = holds.filter((hold) => !expired.includes(hold)).map(({ hold }) => hold.admittedMs);
    lookAgain(operation, proxy, deadlineMs, leftMs);
  }
  return taken.map(({ seq, hold }) => ({ id: { proxy, seq }, booked: hold.onLost }));
}

/** A silent proxy is forgotten once nothing can be settled against its ids any more. */
function lookAgain(operation: Operation, proxy: string, deadlineMs: number, leftMs: readonly number[]): void {
  const { db, fields, nowMs } = operation;
  if (deadlineMs > nowMs) {
    const lookMs = leftMs.reduce((a, b) => Math.min(a, b), nowMs) + MAX_CALL_MS;
    fields.set(proxyKey(proxy), 'look', String(lookMs));
    lookAt(operation, proxy, Math.min(deadlineMs, lookMs));
  } else if (deadlineMs + TOO_OLD_MS <= nowMs) {
    db.run('DELETE FROM live WHERE proxy = ?', proxy);
    fields.drop(proxyKey(proxy));
  } else {
    lookAt(operation, proxy, deadlineMs + TOO_OLD_MS);
  }
}
