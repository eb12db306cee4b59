import type { PlatformRecord } from '../core/record.ts';
import { type Clock, every, sleep } from '../ports/clock.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import { errorText, type Log } from '../ports/log.ts';
import { claimProblem, createComplaint } from './attendant.ts';
import type { Office } from './reconciling.ts';
import { loadRegistry } from './registry.ts';
import { startSweeper } from './sweeper.ts';

export interface OfficeOptions {
  /** Of the lease. */
  readonly term: number;
  /** Uid that tells this cluster from any other. */
  readonly cluster: string;
  /** Whether this installation's ledger had data before: an empty one is then a loss, not a beginning. */
  readonly knownBefore: () => boolean;
  /** The ledger has this installation's data now. */
  readonly onKnown: () => Promise<void>;
  /** A term above the ledger's, while this process leads; null: it does not any more. */
  readonly raiseTerm: (above: number) => Promise<number | null>;
  readonly platform: () => PlatformRecord;
  readonly released: (sha256: string) => void;
  /** The ledger can be written, for the first time or again: everything is to be compared. */
  readonly opened: (office: Office) => void;
  /** Another operator took over: this one must end. */
  readonly fenced: () => void;
  readonly swept: (holds: number) => void;
}

/** The leader's right to write the ledger: claimed by term, kept by its lease, claimed anew after a loss. */
export interface OfficeHolder {
  /** Null: not claimed, or not any more. */
  current(): Office | null;
  /** A write was refused because the ledger's term is `term`. */
  refused(term: number): void;
  stop(): void;
}

const RETRY_MS = 1_000;
const LEASE_MS = 30_000;

export function holdOffice(
  { store, clock, log }: { store: LedgerStore; clock: Clock; log: Log },
  options: OfficeOptions,
): OfficeHolder {
  const complain = createComplaint(log);
  let office: Office | null = null;
  let { term } = options;
  const ending = new AbortController();
  let claiming = false;

  const insist = async (): Promise<void> => {
    if (claiming) return;
    claiming = true;
    while (!ending.signal.aborted) {
      const outcome = await claimOffice(store, options, term).catch((error: unknown) => errorText(error));
      if (typeof outcome === 'string') complain(outcome);
      else if ('registry' in outcome) {
        complain('');
        office = outcome;
        break;
      } else if (outcome.term === null) return options.fenced();
      else ({ term } = outcome);
      await sleep(clock, RETRY_MS);
    }
    claiming = false;
    if (office === null) return;
    options.opened(office);
    await keep();
  };

  const refused = (newest: number): void => {
    if (newest > term) return options.fenced();
    // Terms below one's own exist only after a loss that somebody accepted.
    office = null;
    void insist();
  };

  const keep = async (): Promise<void> => {
    if (office === null) return;
    const outcome = await store.writer.renewLease(term);
    if (outcome.kind === 'fenced') refused(outcome.term);
    else if (outcome.kind === 'cold') refused(0);
  };
  const duties = [
    startSweeper({ ledger: store.ledger, clock, log }, options.swept),
    every(clock, LEASE_MS, keep, (error) => complain(errorText(error))),
  ];
  void insist();

  return {
    current: () => office,
    refused,
    stop() {
      ending.abort();
      for (const stop of duties) stop();
    },
  };
}

/** The office; or the term to claim instead, null: the lease is lost; or why not, to be tried again. @throws PortError */
async function claimOffice(
  store: LedgerStore,
  options: OfficeOptions,
  term: number,
): Promise<Office | { readonly term: number | null } | string> {
  await store.ready();
  const outcome = await store.writer.claim({ knownBefore: options.knownBefore(), term, cluster: options.cluster });
  // Only whoever holds the lease may pass over another term, and only by a new one of its own.
  if (outcome.kind === 'fenced') return { term: await options.raiseTerm(outcome.term) };
  if (outcome.kind !== 'claimed') return claimProblem(outcome);
  await options.onKnown();
  const loaded = await loadRegistry(store, { term, released: options.released });
  if (loaded.kind !== 'loaded') return 'it could not be read';
  return { term, registry: loaded.registry, platform: options.platform };
}
