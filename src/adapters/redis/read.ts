import { readSubjectFields } from '../../core/ledger-fields.ts';
import type { Subject } from '../../core/subject.ts';
import type { Ledger, SubjectLedger } from '../../ports/ledger.ts';
import type { Connection, Reply } from './connection.ts';
import type { LedgerKeys } from './keys.ts';

/** Subjects in one script. */
const BATCH = 100;

/** `Ledger.read`. Each subject is read at one instant; more than a batch of them at several. */
export function createRead(connection: Connection, keys: LedgerKeys): Ledger['read'] {
  return async (subjects) => {
    const found: SubjectLedger[] = [];
    let nowMs = 0;
    for (let i = 0; i === 0 || i < subjects.length; i += BATCH) {
      const batch = subjects.slice(i, i + BATCH);
      const names = batch.map((subject) => keys.subject(subject));
      const answer = await connection.run('read', [keys.meta, ...names], []);
      if (answer.kind !== 'answer') return answer;
      nowMs = Number(answer.values[0]);
      for (const [index, subject] of batch.entries()) {
        const ledger = subjectLedger(subject, answer.values[index + 1]);
        if (ledger === undefined) return { kind: 'misconfigured', what: `the hash ${names[index]} is corrupt` };
        found.push(ledger);
      }
    }
    return { kind: 'read', nowMs, subjects: found };
  };
}

function subjectLedger(subject: Subject, reply: Reply | undefined): SubjectLedger | undefined {
  const flat = (reply ?? []) as readonly string[];
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? '', flat[i + 1] ?? '');
  const read = readSubjectFields(fields);
  return read === undefined ? undefined : { subject, ...read };
}
