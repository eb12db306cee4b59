import { PortError, type RecordStore } from '../../ports/record-store.ts';
import type { Database } from './database.ts';
import type { Operations } from './operation.ts';

/** Compiled records as rows. */
export function createSqliteRecordStore(operations: Operations): RecordStore {
  function withDatabase<T>(work: (db: Database) => { readonly value: T }): T {
    const outcome = operations.begin(({ db }) => work(db));
    if (!('kind' in outcome)) return outcome.value;
    if (outcome.kind === 'away') throw new PortError('records', true, outcome.cause);
    throw new PortError('records', false, outcome.kind === 'cold' ? 'cold' : outcome.what);
  }

  return {
    get: async (name) => withDatabase((db) => ({ value: textOf(db, name) })),
    getAll: async (names) => withDatabase((db) => ({ value: names.map((name) => textOf(db, name)) })),
    put: async (name, text) =>
      withDatabase((db) => {
        db.run('INSERT INTO record VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text', name, text);
        return { value: undefined };
      }),
    remove: async (name) =>
      withDatabase((db) => {
        db.run('DELETE FROM record WHERE name = ?', name);
        return { value: undefined };
      }),
    names: async () =>
      withDatabase((db) => ({ value: db.all('SELECT name FROM record').map((row) => String(row['name'])) })),
  };
}

function textOf(db: Database, name: string): string | null {
  const row = db.one('SELECT text FROM record WHERE name = ?', name);
  return row === undefined ? null : String(row['text']);
}
