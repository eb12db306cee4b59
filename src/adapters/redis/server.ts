import type { Log } from '../../ports/log.ts';
import type { Failure } from './failure.ts';
import type { Link } from './link.ts';

/** A server, as it introduces itself. */
export interface Server {
  readonly kind: 'server';
  /** Random, new with every start of the process. */
  readonly runId: string;
}

/** Asks the server who it is; what would lose or evict counters is said aloud. */
export async function introduce(link: Link, log: Log): Promise<Server | Failure> {
  const info = await link.attempt(() => link.redis.info());
  if (info.kind !== 'value') return info;
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info.value)?.[1] ?? '';
  const version = field('redis_version');
  if (Number.parseInt(version, 10) < 7) {
    return { kind: 'misconfigured', what: `Redis ${version} is too old: budgetd needs 7.0 or later` };
  }
  const policy = field('maxmemory_policy');
  if (policy !== 'noeviction') log.warn('redis may evict counters: set maxmemory-policy noeviction', { policy });
  if (field('aof_enabled') !== '1') log.warn('redis loses counters when it stops: set appendonly yes');
  return { kind: 'server', runId: field('run_id') };
}
