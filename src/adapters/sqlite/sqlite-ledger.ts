import { subjectKey } from '../../core/hold.ts';
import { readSubjectFields } from '../../core/ledger-fields.ts';
import type { Subject } from '../../core/subject.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LedgerStore } from '../../ports/ledger-store.ts';
import type { ReadOutcome, SubjectLedger } from '../../ports/ledger.ts';
import type { Random } from '../../ports/random.ts';
import { PortError } from '../../ports/record-store.ts';
import { LedgerDataError } from './database.ts';
import { beat, sweep } from './holds.ts';
import { createSqliteLedgerWriter } from './ledger-writer.ts';
import { createOperations, type Operation } from './operation.ts';
import { createSqliteRecordStore } from './record-store.ts';
import { reserve } from './reserve.ts';
import { settle } from './settle.ts';

/**
 * The embedded ledger: one file that survives the process and that several processes may open. Every operation is one
 * write transaction on the event loop. A file that cannot be used answers every operation with why.
 *
 * @param options.path a file, or `:memory:`
 */
export function createSqliteLedger(
  deps: { readonly clock: Clock; readonly random: Random },
  options: { readonly path: string },
): LedgerStore {
  const operations = createOperations(deps.clock, options.path);
  const close = async (): Promise<void> => operations.close();
  return {
    ledger: {
      reserve: async (call) => operations.run((operation) => reserve(operation, call)),
      settle: async (call) => operations.run((operation) => settle(operation, call)),
      beat: async (proxy, open, raises) => operations.run((operation) => beat(operation, proxy, open, raises)),
      sweep: async (limit) => operations.run((operation) => sweep(operation, limit)),
      read: async (subjects) => operations.run((operation) => read(operation, subjects)),
      close,
    },
    writer: createSqliteLedgerWriter(operations, deps.random),
    records: createSqliteRecordStore(operations),
    ready: async () => {
      const outcome = operations.begin(() => ({ kind: 'usable' }) as const);
      if (outcome.kind === 'away') throw new PortError('ledger', true, outcome.cause);
      if (outcome.kind === 'misconfigured') throw new PortError('ledger', false, outcome.what);
    },
    close,
  };
}

function read({ fields, nowMs }: Operation, subjects: readonly Subject[]): ReadOutcome {
  const found = subjects.map((subject): SubjectLedger => {
    const key = `s:${subjectKey(subject)}`;
    const ledger = readSubjectFields(fields.all(key));
    if (ledger === undefined) throw new LedgerDataError(`${key} has fields that are none of this format`);
    return { subject, ...ledger };
  });
  return { kind: 'read', nowMs, subjects: found };
}
