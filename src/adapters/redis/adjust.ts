import { adjustmentField, type AppliedAdjustment, decodeAdjustment } from '../../core/adjustment.ts';
import { assert } from '../../core/assert.ts';
import { basePrefix, windowField } from '../../core/ledger-fields.ts';
import type { Adjustment, AdjustOutcome, LedgerWriter } from '../../ports/ledger-writer.ts';
import type { Connection, Reply } from './connection.ts';
import type { LedgerKeys } from './keys.ts';

/** `LedgerWriter.adjust` over one script. */
export function createAdjust(connection: Connection, keys: LedgerKeys): LedgerWriter['adjust'] {
  return async (term, adjustment) => {
    const subject = keys.subject(adjustment.subject);
    const answer = await connection.run('adjust', [keys.meta, subject], [String(term), ...adjustArgs(adjustment)]);
    if (answer.kind !== 'answer') return answer;
    const [first] = answer.values;
    switch (answer.verdict) {
      case 'adjusted':
      case 'duplicate': {
        const applied = appliedIn(first);
        if (applied === undefined) return { kind: 'misconfigured', what: `the hash ${subject} is corrupt` };
        return { kind: answer.verdict, applied };
      }
      case 'window_over':
        return { kind: 'window_over' };
      case 'moved':
        return { kind: 'moved', nowMs: Number(first) };
      case 'fenced':
        return { kind: 'fenced', term: Number(first) };
      case 'redefined':
        return redefined(adjustment, Number(first));
      default:
        assert(false, `adjust answered ${answer.verdict}`);
    }
  };
}

function adjustArgs({ uid, createdMs, change, budgets }: Adjustment): string[] {
  const isRaise = change.type === 'Raise';
  return [
    uid,
    adjustmentField(uid),
    change.type,
    String(createdMs),
    isRaise ? String(change.amount) : '',
    isRaise && change.until !== 'WindowEnd' ? String(change.until) : '',
    ...budgets.flatMap(({ name, counter, window, definition }) => [
      name,
      counter,
      basePrefix(counter, name),
      windowField(name),
      String(window.startSeconds),
      String(window.endSeconds ?? ''),
      definition,
    ]),
  ];
}

function appliedIn(reply: Reply | undefined): AppliedAdjustment | undefined {
  return decodeAdjustment(String(reply));
}

function redefined({ subject, budgets }: Adjustment, index: number): AdjustOutcome {
  const { kind, namespace, name } = subject;
  return {
    kind: 'misconfigured',
    what: `budget ${budgets[index]?.name} of ${kind}/${namespace}/${name} is counted under another definition: it cannot be adjusted`,
  };
}
