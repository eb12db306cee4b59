import { assert } from '../../core/assert.ts';
import { windowField } from '../../core/ledger-fields.ts';
import type { LedgerWriter, WriteOutcome } from '../../ports/ledger-writer.ts';
import { createAdjust } from './adjust.ts';
import type { Connection } from './connection.ts';
import type { LedgerKeys } from './keys.ts';
import type { ScriptName } from './scripts.ts';

/** What only the installation's writer does; every script compares the term with the newest one claimed. */
export function createRedisLedgerWriter(connection: Connection, keys: LedgerKeys): LedgerWriter {
  async function write(script: ScriptName, args: readonly string[]): Promise<WriteOutcome> {
    const answer = await connection.run(script, [keys.meta], args);
    if (answer.kind !== 'answer') return answer;
    if (answer.verdict === 'fenced') return { kind: 'fenced', term: Number(answer.values[0]) };
    assert(answer.verdict === 'done', `${script} answered ${answer.verdict}`);
    return { kind: 'done' };
  }

  return {
    claim: async ({ knownBefore, term, cluster }) => {
      const args = [knownBefore ? '1' : '0', term === null ? '' : String(term), cluster ?? ''];
      const answer = await connection.begin('claim', [keys.meta, keys.live, keys.usage], args);
      if (answer.kind !== 'answer') return answer;
      if (answer.verdict === 'foreign') return { kind: 'foreign', cluster: String(answer.values[0]) };
      if (answer.verdict === 'fenced') return { kind: 'fenced', term: Number(answer.values[0]) };
      return { kind: 'claimed', term: Number(answer.values[0]), fresh: answer.values[1] === 1 };
    },
    acceptLoss: async () => {
      const answer = await connection.begin('accept-loss', [keys.meta], []);
      if (answer.kind !== 'answer') return answer;
      return { kind: answer.verdict === 'accepted' ? 'accepted' : 'intact' };
    },
    edit: async (term, { subject, revision, definitions }) => {
      const budgets = Object.keys(definitions);
      const pairs = budgets.flatMap((budget) => [windowField(budget), definitions[budget] ?? '']);
      const answer = await connection.run(
        'edit',
        [keys.meta, keys.subject(subject)],
        [String(term), revision, ...pairs],
      );
      if (answer.kind !== 'answer') return answer;
      if (answer.verdict === 'fenced') return { kind: 'fenced', term: Number(answer.values[0]) };
      if (answer.verdict === 'done') return { kind: 'done' };
      return { kind: 'redefined', budgets: answer.values.map((index) => budgets[Number(index)] ?? '') };
    },
    adjust: createAdjust(connection, keys),
    editPlatform: (term, revision) => write('edit-platform', [String(term), revision]),
    renewLease: (term) => write('renew-lease', [String(term)]),
  };
}
