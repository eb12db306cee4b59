import { resolveSecret } from '../adapters/files/secret-source.ts';
import type { Config } from '../api/config.ts';
import { type FieldPath, type Finding, problemAt, problemLine } from '../core/problem.ts';
import type { Clock } from '../ports/clock.ts';
import type { CredentialOf } from '../proxy/chat-route.ts';
import { loadConfig } from './config-file.ts';
import type { Io } from './io.ts';

export interface RedisSecrets {
  readonly password: string | undefined;
  /** The certificate authority, PEM. */
  readonly ca: string | undefined;
}

export interface Configuration {
  readonly config: Config;
  readonly redis: RedisSecrets;
}

/** Reads budgetd.yaml and its secrets; prints every problem with its place and returns null when any is an error. */
export function readConfiguration(
  file: string,
  io: Io,
  process: { role: 'proxy' | 'standalone' | 'operator' | 'status' },
): Configuration | null {
  const loaded = loadConfig(file);
  if (loaded.kind === 'invalid') {
    for (const problem of loaded.problems) io.err(problemLine(problem));
    return null;
  }
  const { config, source } = loaded;
  const faults: Finding[] = roleFaults(process.role, config);
  const secret = (path: FieldPath, place: { env?: string; file?: string } | undefined): string | undefined => {
    if (place === undefined) return undefined;
    const reading = resolveSecret(place, io.env);
    if (reading.kind === 'ok') return reading.secret;
    faults.push(fault(path, `${reading.reason}: set it, or name another place`));
    return undefined;
  };
  const needed = process.role === 'status' || process.role === 'operator' ? {} : (config.credentials ?? {});
  for (const [provider, place] of Object.entries(needed)) secret(['credentials', provider], place);
  const redis = config.ledger?.redis;
  const password = secret(['ledger', 'redis', 'password'], redis?.password);
  const ca = secret(
    ['ledger', 'redis', 'tls', 'ca'],
    redis?.tls?.ca === undefined ? undefined : { file: redis.tls.ca },
  );
  for (const finding of faults) io.err(problemLine(problemAt(source, finding)));
  return faults.length > 0 ? null : { config, redis: { password, ca } };
}

/** A file that may have changed since the start; null, with its problems printed, when invalid. */
export function rereadConfig(file: string, io: Io): Config | null {
  const loaded = loadConfig(file);
  if (loaded.kind === 'ok') return loaded.config;
  for (const problem of loaded.problems) io.err(problemLine(problem));
  return null;
}

const SECRET_FRESH_MS = 10_000;

/**
 * Credentials by provider name, read again now and then so that a rotated file is seen. A provider without an entry
 * needs none.
 */
export function createCredentials(current: () => Config, io: Io, clock: Clock): CredentialOf {
  const known = new Map<string, { secret: string; untilMs: number }>();
  return (provider) => {
    const place = current().credentials?.[provider];
    if (place === undefined) return { kind: 'none' };
    const fresh = known.get(provider);
    if (fresh !== undefined && clock.monotonicMs() < fresh.untilMs) return { kind: 'secret', secret: fresh.secret };
    const reading = resolveSecret(place, io.env);
    // A file that is being replaced may be unreadable for a moment: the last good credential goes on.
    const secret = reading.kind === 'ok' ? reading.secret : fresh?.secret;
    if (secret === undefined) return { kind: 'missing' };
    known.set(provider, { secret, untilMs: clock.monotonicMs() + SECRET_FRESH_MS });
    return { kind: 'secret', secret };
  };
}

function roleFaults(role: 'proxy' | 'standalone' | 'operator' | 'status', config: Config): Finding[] {
  if (role === 'proxy') return proxyFaults(config);
  if (role !== 'operator' || config.ledger?.redis !== undefined) return [];
  return [fault(['ledger'], 'an operator needs ledger.redis: proxies in other processes read what it writes')];
}

function proxyFaults(config: Config): Finding[] {
  const faults: Finding[] = [];
  if (config.platform !== undefined) {
    const message = 'a proxy takes the platform part from the ledger: keep it in the file of the standalone process';
    faults.push(fault(['platform'], message));
  }
  if (config.ledger?.redis === undefined) {
    const message = 'a proxy needs ledger.redis: an embedded ledger belongs to one standalone process';
    faults.push(fault(['ledger'], message));
  }
  return faults;
}

function fault(path: FieldPath, message: string): Finding {
  return { severity: 'error', path, message };
}
