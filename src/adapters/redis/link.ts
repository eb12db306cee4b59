import { once } from 'node:events';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import { errorText, type Log } from '../../ports/log.ts';
import type { Random } from '../../ports/random.ts';
import { PortError } from '../../ports/record-store.ts';
import { type Failure, failureOf } from './failure.ts';

export interface LinkSettings {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: ConnectionOptions;
  /** A command without an answer for as long is given up; it may still run. Default 1000. */
  readonly commandTimeoutMs?: number;
}

interface Value<T> {
  readonly kind: 'value';
  readonly value: T;
}

/** One connection that reconnects by itself. No command is queued, none is sent twice. */
export interface Link {
  readonly redis: Redis;
  /** Counts lost connections: what was agreed with a server ends with the connection to it. */
  losses(): number;
  /** Runs one command; its error becomes an outcome. */
  attempt<T>(command: () => Promise<T>): Promise<Value<T> | Failure>;
  /** Resolves when connected. @throws PortError (transient) when the present attempt fails */
  connected(): Promise<void>;
  close(): Promise<void>;
}

export function createLink(deps: { readonly random: Random; readonly log: Log }, settings: LinkSettings): Link {
  const redis = createClient(deps.random, settings);
  let losses = 0;
  /** The server's refusal of the last attempt to connect, if that is why there is no connection. */
  let refusedBy: string | null = null;
  redis.on('ready', () => {
    refusedBy = null;
  });
  redis.on('close', () => {
    losses += 1;
  });
  redis.on('error', (error) => {
    const message = errorText(error);
    refusedBy = /^(NOAUTH|WRONGPASS|NOPERM) /.test(message) ? message : null;
    deps.log.warn('redis connection failed', { error: message });
  });
  return {
    redis,
    losses: () => losses,
    attempt: async (command) => {
      try {
        return { kind: 'value', value: await command() };
      } catch (error) {
        return failureOf(error, refusedBy);
      }
    },
    connected: async () => {
      if (redis.status === 'ready') return;
      try {
        await once(redis, 'ready');
      } catch (error) {
        throw new PortError('ledger', true, `cannot connect to Redis: ${errorText(error)}`, error);
      }
    },
    close: async () => {
      await redis.quit().catch(() => redis.disconnect());
    },
  };
}

/**
 * Retries are the caller's, with the same id. A socket that stays silent under load is given up, so that a half-open
 * connection does not outlive three time-outs.
 */
function createClient(random: Random, settings: LinkSettings): Redis {
  const commandTimeout = settings.commandTimeoutMs ?? 1000;
  return new Redis(settings.url, {
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ...(settings.tls === undefined ? {} : { tls: settings.tls }),
    protocol: 2,
    connectionName: 'budgetd',
    disableClientInfo: true,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout,
    socketTimeout: 3 * commandTimeout,
    connectTimeout: 3 * commandTimeout,
    // Thousands of proxies lose one server at once: half of each pause is random.
    retryStrategy: (times) => Math.min(50 * 2 ** times, 1000) * (0.5 + (random.bytes(1)[0] ?? 0) / 510),
  });
}
