import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createProcessParts } from './process-parts.ts';
import { errorText } from '../ports/log.ts';
import { readConfiguration } from './configuration.ts';
import type { Io } from './io.ts';
import { createStandaloneStore, installationOf, sqlitePath } from './ledger-choice.ts';

const USAGE = 'usage: budgetd status --config budgetd.yaml [--state DIR] [--accept-loss]';

/**
 * `budgetd status`: whether the ledger answers and what it says of itself. `--accept-loss` begins anew on a ledger whose
 * data is gone: every counter starts at 0. It never touches a ledger that has data.
 */
export async function runStatus(args: readonly string[], io: Io): Promise<number> {
  const options = readStatusOptions(args);
  if (typeof options === 'string') {
    io.err(`budgetd status: ${options}\n${USAGE}`);
    return 2;
  }
  const read = readConfiguration(options.config, io, { role: 'status' });
  if (read === null) return 1;
  const file = sqlitePath(read.config, options.state);
  if (read.config.ledger?.redis === undefined && !existsSync(file)) {
    io.err(`there is no ledger at ${file}: name the process's directory with --state`);
    return 1;
  }
  const parts = createProcessParts({ ...read.config, log: { level: 'error', format: 'text' } }, io);
  const store = createStandaloneStore(parts, read.config, { secrets: read.redis, state: options.state });
  try {
    await store.ready();
    if (options.acceptLoss) await acceptLoss(store, io);
    return await report(store, installationOf(read.config), io, parts.clock.wallMs());
  } catch (error) {
    io.err(`ledger: ${errorText(error)}`);
    return 1;
  } finally {
    await store.close();
  }
}

type Store = ReturnType<typeof createStandaloneStore>;

async function acceptLoss(store: Store, io: Io): Promise<void> {
  const outcome = await store.writer.acceptLoss();
  if (outcome.kind === 'accepted') io.out('loss accepted: counters start at 0');
  else if (outcome.kind === 'intact') io.err('the ledger has its data: there is no loss to accept');
}

async function report(store: Store, installation: string, io: Io, wallMs: number): Promise<number> {
  const read = await store.ledger.read([]);
  const line = (name: string, text: string): void => io.out(`${name.padEnd(14)}${text}`);
  line('installation', installation);
  switch (read.kind) {
    case 'read':
      line('ledger', 'warm');
      line('ledger time', `${new Date(read.nowMs).toISOString()} (${skew(read.nowMs - wallMs)} this host)`);
      return 0;
    case 'cold':
      line('ledger', 'cold: its data is gone, no call is admitted. Restore it, or begin anew with --accept-loss');
      return 1;
    case 'away':
      line('ledger', `away: ${read.cause}`);
      return 1;
    case 'misconfigured':
      line('ledger', `misconfigured: ${read.what}`);
      return 1;
  }
}

function skew(ms: number): string {
  return ms >= 0 ? `${ms} ms ahead of` : `${-ms} ms behind`;
}

function readStatusOptions(args: readonly string[]): { config: string; state: string; acceptLoss: boolean } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { config: { type: 'string' }, state: { type: 'string' }, 'accept-loss': { type: 'boolean' } },
    });
    if (values.config === undefined) return '--config is required';
    return { config: values.config, state: values.state ?? 'state', acceptLoss: values['accept-loss'] === true };
  } catch (error) {
    return errorText(error);
  }
}
