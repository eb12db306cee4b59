import type { LedgerStore } from '../../ports/ledger-store.ts';
import type { Log } from '../../ports/log.ts';
import type { Random } from '../../ports/random.ts';
import { createBeat } from './beat.ts';
import { createConnection } from './connection.ts';
import { ledgerKeys } from './keys.ts';
import { createRedisLedgerWriter } from './ledger-writer.ts';
import { createLink, type LinkSettings } from './link.ts';
import { createRead } from './read.ts';
import { createRedisRecordStore } from './record-store.ts';
import { createReserve } from './reserve.ts';
import { createSettle } from './settle.ts';
import { createSweep } from './sweep.ts';

export interface RedisLedgerOptions extends LinkSettings {
  /** The unit of isolation; everything that scripts touch lies under its one hash tag. */
  readonly installation: string;
  /** Takes ledger time from field `test:now` of the ledger's hash, for tests that move time. */
  readonly testTime?: boolean;
}

/** The ledger on Redis >= 7.0 or Valkey. Connects at once and keeps reconnecting until closed. */
export function createRedisLedger(
  deps: { readonly random: Random; readonly log: Log },
  options: RedisLedgerOptions,
): LedgerStore {
  const keys = ledgerKeys(options.installation);
  const link = createLink(deps, options);
  const connection = createConnection({ ...deps, link, keys }, options.testTime === true ? 'test' : 'server');
  return {
    ledger: {
      reserve: createReserve(connection, keys),
      settle: createSettle(connection, keys),
      beat: createBeat({ link, connection, keys }),
      sweep: createSweep({ link, connection, keys }),
      read: createRead(connection, keys),
      close: () => link.close(),
    },
    writer: createRedisLedgerWriter(connection, keys),
    records: createRedisRecordStore(link, keys),
    ready: () => connection.ready(),
    close: () => link.close(),
  };
}
