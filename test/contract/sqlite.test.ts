import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteLedger } from '../../src/adapters/sqlite/sqlite-ledger.ts';
import { createManualClock } from '../gen/manual-clock.ts';
import { ledgerContract } from './ledger.ts';

const random = { uuid: () => randomUUID(), bytes: (count: number) => randomBytes(count) };

ledgerContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-sqlite-'));
  const clock = createManualClock(0);
  const open = () => createSqliteLedger({ clock, random }, { path: join(folder, 'budgetd.db') });
  const store = open();
  return {
    store,
    setClock: async (ms) => clock.stepWall(ms - clock.wallMs()),
    another: async () => open(),
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
