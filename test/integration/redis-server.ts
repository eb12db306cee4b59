import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** A private `redis-server` in a folder of its own. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** A connection for the test's own commands; it reconnects after a restart. */
  readonly admin: Redis;
  /** The process, which changes with every restart. */
  pid(): number;
  /** Ends the process without a warning. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder. */
  restart(): Promise<void>;
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

/**
 * Whether the tests that need `redis-server` can run. Missing is a failure where CI is set, elsewhere a loud skip.
 */
export function hasRedis(): boolean {
  const found = /v=([0-9]+)\./.exec(spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout ?? '');
  if (found !== null && Number(found[1]) >= 7) return true;
  if (process.env['CI'] !== undefined) throw new Error('redis-server >= 7.0 is missing: run `make redis`');
  console.warn('SKIPPED: redis-server >= 7.0 is not on PATH (run `make redis`)');
  return false;
}

/** Starts a server on a free port of the loopback address. @param settings further arguments, such as `--appendonly yes` */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-redis-'));
  const port = await freePort();
  let child = await launch(port, folder, settings);
  const admin = new Redis({
    port,
    host: '127.0.0.1',
    protocol: 2,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  admin.on('error', () => undefined);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    admin,
    pid: () => child.pid ?? 0,
    kill,
    restart: async () => {
      await kill();
      child = await launch(port, folder, settings);
    },
    stop: async () => {
      admin.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server accepts connections; its own log says so. */
async function launch(port: number, folder: string, settings: readonly string[]): Promise<ChildProcess> {
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...settings],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  process.once('exit', () => child.kill('SIGKILL'));
  let log = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    log += String(chunk);
    if (log.includes('Ready to accept connections')) break;
  }
  if (!log.includes('Ready to accept connections')) throw new Error(`redis-server did not start:\n${log}`);
  return child;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
