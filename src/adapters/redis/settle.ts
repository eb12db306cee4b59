import { assert } from '../../core/assert.ts';
import { encodeHold } from '../../core/hold.ts';
import { MAX_CALL_NANOS } from '../../core/money.ts';
import type { Settle, SettleOutcome } from '../../ports/ledger.ts';
import type { Connection } from './connection.ts';
import type { LedgerKeys } from './keys.ts';

/** `Ledger.settle` over one script. */
export function createSettle(connection: Connection, keys: LedgerKeys): (settle: Settle) => Promise<SettleOutcome> {
  return async ({ id, hold, actual, usage, low }) => {
    assert(actual >= 0n && actual <= MAX_CALL_NANOS, `a call's cost lies within 0 and the most one call may cost`);
    const subjects = hold.charges.map((charge) => keys.subject(charge.subject));
    const answer = await connection.run(
      'settle',
      [keys.meta, keys.proxy(id.proxy), keys.usage, ...subjects],
      [
        String(id.seq),
        encodeHold(hold),
        String(hold.amount),
        String(actual),
        String(low),
        usage ?? '',
        ...hold.charges.map((charge) => charge.counter),
      ],
    );
    if (answer.kind !== 'answer') return answer;
    const [first, count] = answer.values;
    switch (answer.verdict) {
      case 'done':
        return { kind: 'done', position: { incarnation: String(first), count: Number(count) } };
      case 'conflict':
        return { kind: 'conflict', recorded: String(first) };
      case 'duplicate':
      case 'too_old':
        return { kind: answer.verdict };
      default:
        assert(false, `settle answered ${answer.verdict}`);
    }
  };
}
