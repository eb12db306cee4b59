import { encodeRecord, type KeyHash, type SubjectRecord } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { RecordStore } from '../ports/record-store.ts';

/** Where the hash of each key leads, and who may take one. */
export interface KeyIndex {
  /** Takes keys for a subject: those that no other subject holds. The first holder keeps a key until it drops it. */
  claim(subject: Subject, hashes: readonly KeyHash[]): KeyHash[];
  /** Makes the entries of a record's keys, and removes those that it has not any more. @throws PortError */
  write(record: SubjectRecord): Promise<void>;
}

/**
 * @param holders by hash, as stored
 * @param released called when a key lost its holder
 */
export function createKeyIndex(
  records: RecordStore,
  holders: Map<string, Subject>,
  released: (sha256: string) => void,
): KeyIndex {
  const stored = new Set(holders.keys());
  /** The keys that each subject holds, stored or not, by its path. */
  const held = new Map<string, Set<string>>();
  const heldBy = (subject: Subject): Set<string> => {
    const path = subjectPath(subject);
    const hashes = held.get(path) ?? new Set();
    held.set(path, hashes);
    return hashes;
  };
  for (const [sha256, subject] of holders) heldBy(subject).add(sha256);

  return {
    claim: (subject, hashes) =>
      hashes.filter(({ sha256 }) => {
        const holder = holders.get(sha256);
        if (holder !== undefined) return subjectPath(holder) === subjectPath(subject);
        holders.set(sha256, subject);
        heldBy(subject).add(sha256);
        return true;
      }),
    async write({ subject, key }) {
      const hashes = new Set(key?.hashes.map(({ sha256 }) => sha256));
      for (const sha256 of hashes.difference(stored)) {
        await records.put(`k:${sha256}`, encodeRecord({ subject }));
        stored.add(sha256);
      }
      const own = heldBy(subject);
      for (const sha256 of own.difference(hashes)) {
        if (stored.has(sha256)) await records.remove(`k:${sha256}`);
        stored.delete(sha256);
        own.delete(sha256);
        holders.delete(sha256);
        released(sha256);
      }
    },
  };
}
