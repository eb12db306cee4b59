import { isAmount } from '../../core/ledger-fields.ts';
import type { Nanos } from '../../core/money.ts';
import { type Database, LedgerDataError } from './database.ts';

/** Hashes of text fields by key, the same keys and fields as in Redis. */
export interface Fields {
  get(key: string, field: string): string | undefined;
  all(key: string): Map<string, string>;
  set(key: string, field: string, value: string): void;
  /** Adds to an amount, exactly; absent is 0. @throws LedgerDataError when the sum is no amount */
  add(key: string, field: string, by: Nanos): void;
  remove(key: string, field: string): void;
  drop(key: string): void;
}

export function createFields(db: Database): Fields {
  const fields: Fields = {
    get: (key, field) => {
      const row = db.one('SELECT value FROM field WHERE key = ? AND field = ?', key, field);
      return row === undefined ? undefined : String(row['value']);
    },
    all: (key) => {
      const rows = db.all('SELECT field, value FROM field WHERE key = ?', key);
      return new Map(rows.map((row) => [String(row['field']), String(row['value'])]));
    },
    set: (key, field, value) => {
      db.run(
        'INSERT INTO field VALUES (?, ?, ?) ON CONFLICT (key, field) DO UPDATE SET value = excluded.value',
        key,
        field,
        value,
      );
    },
    add: (key, field, by) => {
      if (by === 0n) return;
      const sum = amountIn(fields.get(key, field), key, field) + by;
      fields.set(key, field, String(amountOf(sum, key, field)));
    },
    remove: (key, field) => db.run('DELETE FROM field WHERE key = ? AND field = ?', key, field),
    drop: (key) => db.run('DELETE FROM field WHERE key = ?', key),
  };
  return fields;
}

/** Reads a stored amount; absent is 0. */
export function amountIn(text: string | undefined, key: string, field: string): Nanos {
  if (text === undefined) return 0n;
  if (!isAmount(text)) throw new LedgerDataError(`${key} has "${text}" in ${field}, which is no amount`);
  return BigInt(text);
}

function amountOf(sum: Nanos, key: string, field: string): Nanos {
  if (!isAmount(String(sum))) throw new LedgerDataError(`${key} would have ${sum} in ${field}`);
  return sum;
}
