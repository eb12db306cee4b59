import { LEDGER_FORMAT } from '../../core/ledger-fields.ts';
import { type TimeStep, timeStep } from '../../core/ledger-time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Away, Cold, Misconfigured } from '../../ports/ledger.ts';
import { errorText } from '../../ports/log.ts';
import { type Database, LedgerDataError, openDatabase } from './database.ts';
import { createFields, type Fields } from './fields.ts';

export type Failure = Away | Cold | Misconfigured;

/** The key of the ledger's own fields. */
export const META = 'm';

/** What one operation works with, inside its transaction. */
export interface Operation {
  readonly db: Database;
  readonly fields: Fields;
  /** The ledger's own fields as they were when the operation began. */
  readonly meta: ReadonlyMap<string, string>;
  readonly nowMs: number;
  /** Stores ledger time where that is due. */
  keepTime(always?: boolean): void;
}

export interface Operations {
  /** Runs one operation on a ledger that is initialised and not cold. */
  run<T>(work: (operation: Operation) => T): T | Failure;
  /** The same without asking whether the ledger is initialised. */
  begin<T>(work: (operation: Operation) => T): T | Failure;
  close(): void;
}

/** Opens the file; what is wrong with it is the answer to every operation. */
export function createOperations(clock: Clock, path: string): Operations {
  const opened = outcomeOf(() => openDatabase(path));
  if ('kind' in opened) return { run: () => opened, begin: () => opened, close: () => undefined };
  const db = opened;
  const fields = createFields(db);
  const begin: Operations['begin'] = (work) =>
    outcomeOf(() =>
      db.transaction(() => {
        const meta = fields.all(META);
        const step = timeStep(clock.wallMs(), Number(meta.get('t') ?? clock.wallMs()));
        const keepTime = (always = false): void => storeTime(fields, step, always);
        return work({ db, fields, meta, nowMs: step.nowMs, keepTime });
      }),
    );
  return {
    begin,
    run: (work) => begin((operation) => closedBy(operation.meta) ?? work(operation)),
    close: () => db.close(),
  };
}

/** Why an operation may not work on the ledger; undefined when it may. */
export function closedBy(meta: ReadonlyMap<string, string>): Failure | undefined {
  const format = meta.get('fmt');
  if (format === undefined) return { kind: 'cold' };
  if (format !== LEDGER_FORMAT) {
    return { kind: 'misconfigured', what: `the ledger has format ${format}, this budgetd speaks ${LEDGER_FORMAT}` };
  }
  return meta.has('cold') ? { kind: 'cold' } : undefined;
}

/** How many resets the installation has seen. */
export function resetsOf({ meta }: Operation): number {
  return Number(meta.get('resets') ?? 0);
}

function storeTime(fields: Fields, { nowMs, store, pauseUntilMs }: TimeStep, always: boolean): void {
  if (store || always) fields.set(META, 't', String(nowMs));
  if (pauseUntilMs !== null) fields.set(META, 'pause', String(pauseUntilMs));
}

/** SQLite's primary result codes that pass by themselves: BUSY, LOCKED, IOERR. */
const TRANSIENT = new Set([5, 6, 10]);

function outcomeOf<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    if (error instanceof LedgerDataError) return { kind: 'misconfigured', what: error.message };
    if (!(error instanceof Error) || !('errcode' in error)) throw error;
    const code = Number(error.errcode) % 256;
    if (TRANSIENT.has(code)) return { kind: 'away', cause: errorText(error), uncertain: false };
    return { kind: 'misconfigured', what: `the ledger's file cannot be used: ${errorText(error)}` };
  }
}
