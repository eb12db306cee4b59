import { parseSubjectKey } from '../core/hold.ts';
import type { PlatformRecord, SubjectRecord } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { EditOutcome, Fenced } from '../ports/ledger-writer.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import type { Away, Cold, Misconfigured } from '../ports/ledger.ts';
import { tombstone } from './compile-subject.ts';
import { createKeyIndex, type KeyIndex } from './key-index.ts';
import {
  READ_BATCH,
  readHolders,
  readRecord,
  redefinedBudgets,
  storedNames,
  writePlatform,
  writeRecord,
} from './publish.ts';

export type PutOutcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'written' }
  /** These budget names count another window already: nothing was written, the last good record stays. */
  | { readonly kind: 'redefined'; readonly budgets: readonly string[] }
  | Fenced
  | Cold
  | Away
  | Misconfigured;

/**
 * What proxies read, as this writer knows it: loaded once per term, then kept in step with every write, so that an
 * unchanged object costs nothing. One put per subject at a time; the caller sees to it.
 */
export interface Registry {
  /** The last good record of a subject; also a tombstone. */
  record(subject: Subject): SubjectRecord | undefined;
  /** Every record that is no tombstone. */
  living(): Iterable<SubjectRecord>;
  /** Whether the ledger enforces something else than what was put; the next put then writes again. */
  hasDrifted(record: SubjectRecord, revision: string | null): boolean;
  claim: KeyIndex['claim'];
  /** Makes a record binding: record, revision, then the index entries of its keys. @throws PortError */
  put(record: SubjectRecord): Promise<PutOutcome>;
  /** Leaves a tombstone: no call passes, counters keep their place. @throws PortError */
  remove(subject: Subject): Promise<PutOutcome>;
  /** @throws PortError */
  putPlatform(platform: PlatformRecord): Promise<Exclude<PutOutcome, { kind: 'redefined' }>>;
}

export interface RegistryOptions {
  readonly term: number;
  /** A key lost its holder: whoever waits for it may try again. */
  readonly released: (sha256: string) => void;
}

export type LoadOutcome = { readonly kind: 'loaded'; readonly registry: Registry } | Cold | Away | Misconfigured;

/**
 * Reads what is published. A record whose revision is not the ledger's does not bind, and will be written again.
 *
 * @throws PortError
 */
export async function loadRegistry(store: LedgerStore, options: RegistryOptions): Promise<LoadOutcome> {
  const { ledger, records } = store;
  const published: Published = { records: new Map(), unbound: new Set(), holders: await readHolders(records) };
  const names = await storedNames(records, 'r:');
  for (let from = 0; from < names.length; from += READ_BATCH) {
    const batch = names.slice(from, from + READ_BATCH);
    const subjects = batch.map(parseSubjectKey);
    const [texts, read] = await Promise.all([records.getAll(batch.map((name) => `r:${name}`)), ledger.read(subjects)]);
    if (read.kind !== 'read') return read;
    for (const [index, subject] of subjects.entries()) {
      const record = readRecord(texts[index]) ?? tombstone(subject);
      published.records.set(subjectPath(subject), record);
      const binds = read.subjects[index]?.revision === record.revision && isIndexed(record, published.holders);
      if (!binds) published.unbound.add(subjectPath(subject));
    }
  }
  return { kind: 'loaded', registry: createRegistry(store, options, published) };
}

/** A writer that stopped between a record and its index entries left keys that lead nowhere. */
function isIndexed({ subject, key }: SubjectRecord, holders: ReadonlyMap<string, Subject>): boolean {
  return (key?.hashes ?? []).every(({ sha256 }) => {
    const holder = holders.get(sha256);
    return holder !== undefined && subjectPath(holder) === subjectPath(subject);
  });
}

interface Published {
  /** By subject path. */
  readonly records: Map<string, SubjectRecord>;
  /** Paths whose record the ledger does not enforce, as far as is known. */
  readonly unbound: Set<string>;
  /** By hash. */
  readonly holders: Map<string, Subject>;
}

function createRegistry(store: LedgerStore, { term, released }: RegistryOptions, published: Published): Registry {
  const { ledger, records } = store;
  const { unbound } = published;
  const keys = createKeyIndex(records, published.holders, released);
  let platformRevision = '';

  const write = async (record: SubjectRecord): Promise<EditOutcome> => {
    const read = await ledger.read([record.subject]);
    if (read.kind !== 'read') return read;
    // The record would be read before the edit refuses it, so it is not even written.
    const budgets = redefinedBudgets(record, read.subjects[0]);
    if (budgets.length > 0) return { kind: 'redefined', budgets };
    unbound.add(subjectPath(record.subject));
    return writeRecord(store, term, record);
  };

  const put = async (record: SubjectRecord): Promise<PutOutcome> => {
    const path = subjectPath(record.subject);
    if (published.records.get(path)?.revision === record.revision && !unbound.has(path)) return { kind: 'unchanged' };
    const outcome = await write(record);
    if (outcome.kind !== 'done') return outcome;
    published.records.set(path, record);
    if (record.subject.kind === 'vkey') await keys.write(record);
    unbound.delete(path);
    return { kind: 'written' };
  };

  return {
    record: (subject) => published.records.get(subjectPath(subject)),
    living: () => published.records.values().filter((record) => record.inactive !== 'Deleted'),
    hasDrifted({ subject, revision }, found) {
      if (found === revision) return false;
      unbound.add(subjectPath(subject));
      return true;
    },
    claim: keys.claim,
    put,
    async remove(subject) {
      return published.records.has(subjectPath(subject)) ? put(tombstone(subject)) : { kind: 'unchanged' };
    },
    async putPlatform(platform) {
      if (platformRevision === platform.revision) return { kind: 'unchanged' };
      const outcome = await writePlatform(store, term, platform);
      if (outcome.kind !== 'done') return outcome;
      platformRevision = platform.revision;
      return { kind: 'written' };
    },
  };
}
