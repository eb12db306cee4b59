import { decodeHold } from '../../core/hold.ts';
import type { LedgerKeys } from './keys.ts';

/** Arguments that name holds to a script which declares every key: the subjects' keys once, and indexes into them. */
export interface HeldRecords {
  readonly subjects: readonly string[];
  readonly args: readonly string[];
}

/**
 * @param records what is stored, with what the script wants to know before the charges
 * @param firstKey the index in KEYS, from 1, at which the subjects begin
 */
export function heldRecords(
  keys: LedgerKeys,
  records: readonly { readonly record: string; readonly head: readonly string[] }[],
  firstKey: number,
): HeldRecords {
  const index = new Map<string, number>();
  const args: string[] = [];
  for (const { record, head } of records) {
    const { charges } = decodeHold(record);
    args.push(...head, String(charges.length));
    for (const charge of charges) {
      const key = keys.subject(charge.subject);
      if (!index.has(key)) index.set(key, firstKey + index.size);
      args.push(String(index.get(key)), charge.counter);
    }
  }
  return { subjects: [...index.keys()], args };
}
