import { type Clock, sleep } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Log } from '../ports/log.ts';
import type { ProxyMetrics } from '../ports/proxy-metrics.ts';
import type { Random } from '../ports/random.ts';
import type { RecordStore } from '../ports/record-store.ts';
import type { Upstream } from '../ports/upstream.ts';
import { createAdminServer } from './admin-server.ts';
import { createAdmission } from './admission.ts';
import { createBudgetRoute } from './budget-route.ts';
import { createChatRoute, type CredentialOf } from './chat-route.ts';
import { createDirectory } from './directory.ts';
import { createGate } from './gate.ts';
import { createInFlight } from './in-flight.ts';
import { createJournal } from './journal.ts';
import { createServer } from './server.ts';
import { createSession } from './session.ts';
import { createSettlement } from './settlement.ts';
import { createSettler } from './settler.ts';

export interface ProxyDeps {
  readonly ledger: Ledger;
  readonly records: RecordStore;
  readonly upstream: Upstream;
  /** Where the journal lives; this process's alone. */
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ProxyMetrics;
  readonly exposition: () => Promise<string>;
  readonly credential: CredentialOf;
}

export interface Address {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface ProxyOptions {
  readonly listen: { readonly proxy: Address; readonly admin: Address };
  readonly maxInFlight: number;
  readonly maxBodyBytes: number;
  readonly journalMaxBytes: number;
}

/** The data path of one process: the proxy port, the admin port, the journal and the ledger session. */
export interface Proxy {
  start(): Promise<{ readonly proxy: string; readonly admin: string }>;
  /** Resolves once the ledger knows this process; before, every call is answered 503. */
  whenAdmitting(): Promise<void>;
  /**
   * Ends in order: not ready, new calls are answered 503, running ones finish within `graceMs`, what is left is cut and
   * settled, the ports close, settles are confirmed or stay in the journal.
   */
  stop(graceMs: number): Promise<void>;
}

const MAX_CONNECTIONS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const DIRECTORY = { maxEntries: 20_000, freshMs: 1_000 };
const SETTLE_DRAIN_MS = 5_000;
/** How long calls may take to notice that they were cut. */
const CUT_MS = 1_000;

export function createProxy(deps: ProxyDeps, options: ProxyOptions): Proxy {
  const { ledger, records, clock, log, metrics } = deps;
  const proxy = deps.random.uuid();
  const session = createSession({ ledger, clock, log }, { proxy });
  const journal = createJournal({ disk: deps.disk, log }, { proxy, maxBytes: options.journalMaxBytes });
  const settler = createSettler({ ledger, journal, session, clock, log, metrics });
  const settlement = createSettlement({ settler, session, metrics, log });
  const directory = createDirectory({ records, clock }, DIRECTORY);
  const inFlight = createInFlight(options.maxInFlight, (count) => metrics.inFlight(count));
  const onReserved = createSweepOnDemand({ ledger, clock, metrics });
  const admission = createAdmission({ directory, ledger, session, settler, journal, clock, metrics, onReserved });
  const { upstream, credential } = deps;
  const chat = createChatRoute({ admission, settlement, upstream, credential, clock, metrics, log });
  const gate = createGate({ directory, inFlight, metrics });
  const budget = createBudgetRoute({ directory, ledger, session });
  const server = createServer(
    { gate, chat, budget, metrics, log },
    { maxBodyBytes: options.maxBodyBytes, maxConnections: MAX_CONNECTIONS, requestTimeoutMs: REQUEST_TIMEOUT_MS },
  );
  let started = false;
  const admin = createAdminServer({
    isReady: () => started && !inFlight.isDraining(),
    exposition: deps.exposition,
  });

  return {
    async start() {
      session.start();
      settler.replay();
      const addresses = {
        admin: await admin.listen(options.listen.admin),
        proxy: await server.listen(options.listen.proxy),
      };
      started = true;
      return addresses;
    },
    whenAdmitting: () => session.whenRegistered(),
    async stop(graceMs) {
      const finished = inFlight.drain();
      const cutOff = sleep(clock, graceMs).then(() => server.server.closeAllConnections());
      await Promise.race([finished, cutOff.then(() => sleep(clock, CUT_MS))]);
      // Not before: closing a listener destroys connections whose answer is written but not yet taken (nodejs http).
      const closed = server.close();
      server.server.closeAllConnections();
      await closed;
      const drained = await settler.drain(SETTLE_DRAIN_MS);
      if (!drained) log.warn('journal: settles stay on disk for the next start', { entries: settler.pending() });
      settler.stop();
      session.stop();
      journal.close();
      await admin.close();
    },
  };
}

const SWEEP_PAUSE_MS = 1_000;
const SWEEP_BATCH = 100;

/** Sweeps when a refusal may be due to a lost proxy's holds, at most once a second. */
function createSweepOnDemand(deps: { ledger: Ledger; clock: Clock; metrics: ProxyMetrics }): () => void {
  let notBeforeMs = 0;
  const sweep = async (): Promise<void> => {
    const outcome = await deps.ledger.sweep(SWEEP_BATCH);
    if (outcome.kind === 'swept') deps.metrics.swept(outcome.booked.length);
  };
  return () => {
    const nowMs = deps.clock.monotonicMs();
    if (nowMs < notBeforeMs) return;
    notBeforeMs = nowMs + SWEEP_PAUSE_MS;
    void sweep();
  };
}
