import { join } from 'node:path';
import { createRedisLedger } from '../adapters/redis/redis-ledger.ts';
import { createSqliteLedger } from '../adapters/sqlite/sqlite-ledger.ts';
import type { Config } from '../api/config.ts';
import { assert } from '../core/assert.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import type { RedisSecrets } from './configuration.ts';
import type { ProcessParts } from './process-parts.ts';

/** The ledger on Redis that a configuration names. */
export function createRedisStore(parts: ProcessParts, config: Config, secrets: RedisSecrets): LedgerStore {
  const redis = config.ledger?.redis;
  assert(redis !== undefined, 'the configuration names a Redis');
  return createRedisLedger(parts, {
    url: redis.url,
    installation: installationOf(config),
    ...(redis.username === undefined ? {} : { username: redis.username }),
    ...(secrets.password === undefined ? {} : { password: secrets.password }),
    ...tlsOf(redis.tls?.serverName, secrets.ca),
  });
}

function tlsOf(serverName: string | undefined, ca: string | undefined): { tls?: { ca?: string; servername?: string } } {
  if (serverName === undefined && ca === undefined) return {};
  return {
    tls: { ...(ca === undefined ? {} : { ca }), ...(serverName === undefined ? {} : { servername: serverName }) },
  };
}

/** Standalone: Redis where configured, else the embedded ledger in the state directory. */
export function createStandaloneStore(
  parts: ProcessParts,
  config: Config,
  at: { secrets: RedisSecrets; state: string },
): LedgerStore {
  if (config.ledger?.redis !== undefined) return createRedisStore(parts, config, at.secrets);
  return createSqliteLedger(parts, { path: sqlitePath(config, at.state) });
}

/** Where the embedded ledger lies. */
export function sqlitePath(config: Config, state: string): string {
  return config.ledger?.sqlite?.path ?? join(state, 'budgetd.db');
}

export function installationOf(config: Config): string {
  return config.ledger?.installation ?? 'default';
}
