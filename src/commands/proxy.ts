import { createRedisStore } from './ledger-choice.ts';
import { type Io } from './io.ts';
import { readOptions } from './arguments.ts';
import { createCredentials, readConfiguration } from './configuration.ts';
import { createProcessParts, createProxyOn, GRACE_MS } from './process-parts.ts';

/** `budgetd proxy`: the data path alone, on the ledger and the records that the installation's writer keeps in Redis. */
export async function runProxy(args: readonly string[], io: Io): Promise<number> {
  const options = readOptions('proxy', args, { config: 'required', state: 'optional' });
  const read = readConfiguration(String(options.config), io, { role: 'proxy' });
  if (read === null) return 1;
  const { config, redis } = read;
  const parts = createProcessParts(config, io);
  const store = createRedisStore(parts, config, redis);
  const { proxy, close } = createProxyOn(parts, store, {
    config,
    credential: createCredentials(() => config, io, parts.clock),
    state: options.state ?? 'state',
  });
  const stopped = io.stopped();
  const addresses = await proxy.start();
  parts.log.info('proxy ready', { proxy: addresses.proxy, admin: addresses.admin });
  await stopped;
  parts.log.info('shutting down');
  await proxy.stop(GRACE_MS);
  await close();
  await store.close();
  return 0;
}
