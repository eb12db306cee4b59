import type { Clock } from '../ports/clock.ts';
import type { Ledger, SettleOutcome } from '../ports/ledger.ts';
import { errorText, type Log } from '../ports/log.ts';
import type { ProxyMetrics } from '../ports/proxy-metrics.ts';
import type { Journal, JournalEntry, Leftover } from './journal.ts';
import { createRetryQueue } from './retry-queue.ts';
import type { Session } from './session.ts';

/** Sends settles until the ledger has confirmed each: at once when it can, again and again when it is away. */
export interface Settler {
  /** Journals the settle and sends it. Returns when it is journaled, before the ledger answered. */
  submit(entry: JournalEntry): void;
  /** Sends what earlier processes left in the journal. */
  replay(): void;
  /** Settles that the ledger has not confirmed. */
  pending(): number;
  /** Resolves true when nothing is pending, or false after `timeoutMs`. */
  drain(timeoutMs: number): Promise<boolean>;
  stop(): void;
}

export interface SettlerDeps {
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly session: Session;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
}

interface Pending {
  readonly entry: JournalEntry;
  readonly onConfirmed: () => void;
}

export function createSettler(deps: SettlerDeps): Settler {
  const { journal, session, metrics, log } = deps;
  /** Settles whose append failed: written as soon as the disk takes bytes again, unless confirmed before. */
  const unwritten = new Set<JournalEntry>();
  const queue = createRetryQueue<Pending>(deps.clock, async ({ entry, onConfirmed }) => {
    if (!(await settleOnce(deps, entry))) return false;
    unwritten.delete(entry);
    onConfirmed();
    metrics.journalPending(queue.pending() - 1);
    return true;
  });
  const catchUp = (): void => {
    for (const entry of unwritten) if (journal.append(entry)) unwritten.delete(entry);
    journal.probe();
  };
  const sync = createSync(deps, catchUp, () => queue.pending() > 0 || !journal.hasRoom());
  const resend = (leftover: Leftover): void => {
    let open = leftover.entries.length;
    if (open === 0) leftover.forget();
    else log.info('journal: sending settles of an earlier process', { entries: open });
    const onConfirmed = (): void => {
      open -= 1;
      if (open === 0) leftover.forget();
    };
    for (const entry of leftover.entries) queue.defer({ entry, onConfirmed });
  };

  return {
    submit(entry) {
      if (!journal.append(entry)) unwritten.add(entry);
      const onConfirmed = (): void => {
        session.resolved(entry.id.seq);
        journal.confirm(entry.id);
      };
      queue.add({ entry, onConfirmed });
      metrics.journalPending(queue.pending());
      sync.start();
    },
    replay: () => journal.leftovers().forEach(resend),
    pending: () => queue.pending(),
    drain: (timeoutMs) => queue.drain(timeoutMs),
    stop() {
      queue.stop();
      sync.stop();
    },
  };
}

/** True when the ledger has the last word on this settle. */
async function settleOnce(
  { ledger, session, clock, log, metrics }: SettlerDeps,
  entry: JournalEntry,
): Promise<boolean> {
  const { id, hold, actual, usage } = entry;
  const low = id.proxy === session.proxy ? session.low() : 0;
  const startedMs = clock.monotonicMs();
  const outcome = await ledger.settle({ id, hold, actual, usage, low });
  metrics.ledger('settle', (clock.monotonicMs() - startedMs) / 1000);
  return isFinal(outcome, entry, log);
}

function isFinal(outcome: SettleOutcome, { id, actual }: JournalEntry, log: Log): boolean {
  const call = `${id.proxy}/${id.seq}`;
  switch (outcome.kind) {
    case 'done':
    case 'duplicate':
      return true;
    case 'conflict':
      log.error('ledger: this call was settled before with another amount; the first stands', {
        call,
        actual: actual.toString(),
        recorded: outcome.recorded,
      });
      return true;
    case 'too_old':
      log.error('ledger: a settle of more than 7 days ago was not applied', { call, actual: actual.toString() });
      return true;
    case 'cold':
    case 'away':
    case 'misconfigured':
      return false;
  }
}

/** While the ledger is silent this long, unconfirmed entries are forced to the device. */
const SYNC_AFTER_MS = 1_000;

/** An fsync per call would cost a millisecond or ten; one per second of silence costs nothing that matters. */
function createSync(
  { journal, clock, log }: SettlerDeps,
  catchUp: () => void,
  isNeeded: () => boolean,
): { start(): void; stop(): void } {
  let cancel: (() => void) | undefined;
  let stopped = false;
  const start = (): void => {
    if (stopped || cancel !== undefined) return;
    cancel = clock.after(SYNC_AFTER_MS, () => {
      cancel = undefined;
      catchUp();
      journal.sync().catch((error: unknown) => log.error('journal: fsync failed', { error: errorText(error) }));
      if (isNeeded()) start();
    });
  };
  return {
    start,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
