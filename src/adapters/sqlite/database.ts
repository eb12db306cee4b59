import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { LEDGER_FORMAT } from '../../core/ledger-fields.ts';

/** The file is damaged or was written by something else; the message says what is wrong. */
export class LedgerDataError extends Error {
  override readonly name = 'LedgerDataError';
}

/** An open database file, with prepared statements. */
export interface Database {
  one(sql: string, ...values: readonly SQLInputValue[]): Record<string, unknown> | undefined;
  all(sql: string, ...values: readonly SQLInputValue[]): Record<string, unknown>[];
  run(sql: string, ...values: readonly SQLInputValue[]): void;
  /** Runs `work` in one write transaction: all of it or nothing, also when the process is killed. */
  transaction<T>(work: () => T): T;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE field (key TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key, field)) WITHOUT ROWID;
  CREATE TABLE live (proxy TEXT PRIMARY KEY, look INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX live_look ON live (look);
  CREATE TABLE usage (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, entry TEXT NOT NULL);
  CREATE TABLE record (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  PRAGMA user_version = ${LEDGER_FORMAT};
`;

/** How long an operation waits for another process that holds the file. */
const BUSY_TIMEOUT_MS = 2000;

/**
 * Opens or creates a ledger file. WAL with synchronous NORMAL survives the death of the process; a power cut may lose
 * the last commits.
 *
 * @param path a file, or `:memory:`
 * @throws LedgerDataError when the file is of a newer format; an SQLite error when it cannot be opened or is damaged
 */
export function openDatabase(path: string): Database {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  const database: Database = {
    one: (sql, ...values) => prepared(sql).get(...values),
    all: (sql, ...values) => prepared(sql).all(...values),
    run: (sql, ...values) => {
      prepared(sql).run(...values);
    },
    transaction: (work) => {
      prepared('BEGIN IMMEDIATE').run();
      try {
        const result = work();
        prepared('COMMIT').run();
        return result;
      } catch (error) {
        if (db.isTransaction) prepared('ROLLBACK').run();
        throw error;
      }
    },
    close: () => db.close(),
  };
  database.transaction(() => {
    const version = String(database.one('PRAGMA user_version')?.['user_version']);
    if (version === '0') db.exec(SCHEMA);
    else if (version !== LEDGER_FORMAT) {
      throw new LedgerDataError(`${path} has format ${version}, this budgetd speaks ${LEDGER_FORMAT}`);
    }
  });
  return database;
}
