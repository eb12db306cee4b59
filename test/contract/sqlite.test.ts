import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSqliteLedger } from '../../src/adapters/sqlite/sqlite-ledger.ts';
import { subjectKey } from '../../src/core/hold.ts';
import { createManualClock } from '../gen/manual-clock.ts';
import { ledgerContract } from './ledger.ts';

const random = { uuid: () => randomUUID(), bytes: (count: number) => randomBytes(count) };

ledgerContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-sqlite-'));
  const path = join(folder, 'budgetd.db');
  const clock = createManualClock(0);
  const open = () => createSqliteLedger({ clock, random }, { path });
  const store = open();
  return {
    store,
    setClock: async (ms) => clock.stepWall(ms - clock.wallMs()),
    another: async () => open(),
    fields: async (subject) => fieldsIn(path, `s:${subjectKey(subject)}`),
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

function fieldsIn(path: string, key: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare('SELECT field FROM field WHERE key = ?').all(key);
  db.close();
  return rows.map((row) => String(row['field']));
}
