import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { createRedisLedger } from '../../src/adapters/redis/redis-ledger.ts';
import { subjectKey } from '../../src/core/hold.ts';
import type { LedgerStore } from '../../src/ports/ledger-store.ts';
import { hasRedis, type RedisServer, startRedis } from '../integration/redis-server.ts';
import { silentLog } from '../gen/silent-log.ts';
import { ledgerContract } from './ledger.ts';

const random = { uuid: () => randomUUID(), bytes: (count: number) => randomBytes(count) };

describe.skipIf(!hasRedis())('Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  ledgerContract('Redis', async () => {
    const installation = randomUUID();
    const open = async (): Promise<LedgerStore> => {
      const store = createRedisLedger({ random, log: silentLog }, { url: server.url, installation, testTime: true });
      await store.ready();
      return store;
    };
    await server.admin.hset(`budgetd:{${installation}}:m`, 'test:now', '0');
    const store = await open();
    return {
      store,
      setClock: async (ms) => {
        await server.admin.hset(`budgetd:{${installation}}:m`, 'test:now', String(ms));
      },
      another: open,
      fields: (subject) => server.admin.hkeys(`budgetd:{${installation}}:s:${subjectKey(subject)}`),
      close: () => store.close(),
    };
  });
});
