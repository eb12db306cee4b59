import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { createDisk } from '../adapters/disk/disk.ts';
import { lockDirectory } from '../adapters/disk/directory-lock.ts';
import { createUndiciUpstream } from '../adapters/http/undici-upstream.ts';
import { createLog } from '../adapters/log/stream-log.ts';
import { createProxyRegistry, type ProxyRegistry } from '../adapters/prometheus/proxy-metrics.ts';
import { systemRandom } from '../adapters/random/system-random.ts';
import type { Config } from '../api/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import type { Log } from '../ports/log.ts';
import type { Random } from '../ports/random.ts';
import type { CredentialOf } from '../proxy/chat-route.ts';
import { createProxy, type Address, type Proxy } from '../proxy/proxy.ts';
import type { Io } from './io.ts';

/** What every serving process is made of before it has a ledger. */
export interface ProcessParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: ProxyRegistry;
}

const UPSTREAM = { connectTimeoutMs: 10_000, headersTimeoutMs: 600_000, idleTimeoutMs: 300_000 };
const MAX_IN_FLIGHT = 2_000;
const MAX_BODY_BYTES = 32 * 1_048_576;
const JOURNAL_BYTES = 268_435_456;
/** How long streams may go on after SIGTERM. */
export const GRACE_MS = 25_000;

export function createProcessParts(config: Config, io: Io): ProcessParts {
  const clock = createSystemClock();
  const log = createLog(
    { clock, write: (line) => io.err(line) },
    { level: config.log?.level ?? 'info', format: config.log?.format ?? 'json' },
  );
  return { clock, random: systemRandom, log, registry: createProxyRegistry() };
}

/** The data path over a ledger, and the end of what it holds. */
export interface RunningProxy {
  readonly proxy: Proxy;
  close(): Promise<void>;
}

/**
 * @param state directory of this process alone: its journal lives below it
 * @throws DirectoryInUseError
 */
export function createProxyOn(
  parts: ProcessParts,
  store: LedgerStore,
  settings: { config: Config; credential: CredentialOf; state: string },
): RunningProxy {
  const { clock, random, log, registry } = parts;
  const { config, credential } = settings;
  const directory = config.journal?.path ?? `${settings.state}/journal`;
  const unlock = lockDirectory(directory);
  const upstream = createUndiciUpstream(UPSTREAM);
  const proxy = createProxy(
    {
      ledger: store.ledger,
      records: store.records,
      upstream,
      disk: createDisk(directory),
      clock,
      random,
      log,
      metrics: registry.metrics,
      exposition: registry.exposition,
      credential,
    },
    {
      listen: {
        proxy: readAddress(config.listen?.proxy ?? '127.0.0.1:14080'),
        admin: readAddress(config.listen?.admin ?? '127.0.0.1:14090'),
      },
      maxInFlight: MAX_IN_FLIGHT,
      maxBodyBytes: MAX_BODY_BYTES,
      journalMaxBytes: config.journal?.maxBytes ?? JOURNAL_BYTES,
    },
  );
  return {
    proxy,
    async close() {
      await upstream.close();
      unlock();
    },
  };
}

/** `127.0.0.1:14080` or `[::1]:14080`; the schema has checked the form. */
export function readAddress(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) };
}
