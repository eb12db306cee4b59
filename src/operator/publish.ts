import { subjectKey, parseSubjectKey } from '../core/hold.ts';
import {
  decodeKeyIndex,
  decodeSubjectRecord,
  encodeRecord,
  type PlatformRecord,
  RecordFormatError,
  type SubjectRecord,
} from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { EditOutcome, LedgerWriter, WriteOutcome } from '../ports/ledger-writer.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import type { Ledger, SubjectLedger } from '../ports/ledger.ts';
import type { RecordStore } from '../ports/record-store.ts';
import { tombstone } from './compile-subject.ts';
import type { Compiled } from './compile.ts';

/** A budget name that already counts another window: the subject's last record stays in force. */
export interface Redefined {
  readonly subject: Subject;
  readonly budgets: readonly string[];
}

export type PublishOutcome =
  | { readonly kind: 'published'; readonly changed: number; readonly redefined: readonly Redefined[] }
  /** The ledger did not take a write: publish again. */
  | { readonly kind: 'failed'; readonly why: string }
  /** Another writer took over. */
  | { readonly kind: 'fenced'; readonly term: number };

/** Writes compiled records where proxies read them, and makes every change bind the next admission. */
export interface Publisher {
  /** Who holds each key in what was published before, by hash. @throws PortError */
  holders(): Promise<Map<string, Subject>>;
  /** Idempotent: only what differs is written, and the lease renewed. @throws PortError */
  publish(compiled: Compiled, platform: PlatformRecord): Promise<PublishOutcome>;
}

export const READ_BATCH = 200;

export function createPublisher(
  deps: { ledger: Ledger; writer: LedgerWriter; records: RecordStore },
  options: { term: number },
): Publisher {
  const { writer, records } = deps;
  const { term } = options;

  /** What stopped the writing, or null. */
  const writeAll = async (
    changed: readonly SubjectRecord[],
    redefined: Redefined[],
  ): Promise<PublishOutcome | null> => {
    for (const record of changed) {
      const outcome = await writeRecord(deps, term, record);
      if (outcome.kind === 'redefined') redefined.push({ subject: record.subject, budgets: outcome.budgets });
      else if (outcome.kind !== 'done') return failed(outcome);
    }
    return null;
  };

  return {
    holders: () => readHolders(records),
    async publish(compiled, platform) {
      const wanted = new Map(compiled.records.map((record) => [subjectKey(record.subject), record]));
      const gone = (await storedNames(records, 'r:')).filter((key) => !wanted.has(key)).map(parseSubjectKey);
      const living = await differing(deps, compiled.records);
      if (living.kind !== 'differing') return failed(living);
      const dead = await differing(deps, gone.map(tombstone));
      if (dead.kind !== 'differing') return failed(dead);
      const { redefined } = living;
      // A Team exists before the platform demands it, and is demanded no more before it goes.
      const stopped = await writeAll(living.records, redefined);
      if (stopped !== null) return stopped;
      const platformWritten = await writePlatform(deps, term, platform);
      if (platformWritten.kind !== 'done') return failed(platformWritten);
      const stoppedAgain = await writeAll(dead.records, redefined);
      if (stoppedAgain !== null) return stoppedAgain;
      await writeIndex(records, compiled);
      const leased = await writer.renewLease(term);
      if (leased.kind !== 'done') return failed(leased);
      return { kind: 'published', changed: living.records.length + dead.records.length, redefined };
    },
  };
}

type Writing = Pick<LedgerStore, 'writer' | 'records'>;

/** The record first, then the revision that makes it bind. @throws PortError */
export async function writeRecord(
  { writer, records }: Writing,
  term: number,
  record: SubjectRecord,
): Promise<EditOutcome> {
  await records.put(`r:${subjectKey(record.subject)}`, encodeRecord(record));
  const definitions = Object.fromEntries(record.budgets.map((budget) => [budget.name, budget.definition]));
  return writer.edit(term, { subject: record.subject, revision: record.revision, definitions });
}

/** The same of the platform part. @throws PortError */
export async function writePlatform(
  { writer, records }: Writing,
  term: number,
  platform: PlatformRecord,
): Promise<WriteOutcome> {
  await records.put('platform', encodeRecord(platform));
  return writer.editPlatform(term, platform.revision);
}

/** Which subject each published key leads to, by hash. @throws PortError */
export async function readHolders(records: RecordStore): Promise<Map<string, Subject>> {
  const holders = new Map<string, Subject>();
  const hashes = await storedNames(records, 'k:');
  const texts = await records.getAll(hashes.map((sha256) => `k:${sha256}`));
  for (const [index, sha256] of hashes.entries()) {
    const text = texts[index] ?? null;
    if (text !== null) holders.set(sha256, decodeKeyIndex(text).subject);
  }
  return holders;
}

/** What of the stored names follows a prefix. */
export async function storedNames(records: RecordStore, prefix: string): Promise<string[]> {
  return (await records.names()).filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

/** Index entries come last: a key leads somewhere only once its subject is in force. */
async function writeIndex(records: RecordStore, compiled: Compiled): Promise<void> {
  const wanted = [...compiled.keys];
  const texts = await records.getAll(wanted.map(([sha256]) => `k:${sha256}`));
  for (const [index, [sha256, subject]] of wanted.entries()) {
    const text = encodeRecord({ subject });
    if (texts[index] !== text) await records.put(`k:${sha256}`, text);
  }
  for (const sha256 of await storedNames(records, 'k:')) {
    if (!compiled.keys.has(sha256)) await records.remove(`k:${sha256}`);
  }
}

type Unwritten = Exclude<EditOutcome | WriteOutcome, { kind: 'done' | 'redefined' }>;

function failed(outcome: Unwritten): PublishOutcome {
  switch (outcome.kind) {
    case 'fenced':
      return outcome;
    case 'cold':
      return { kind: 'failed', why: 'the ledger lost its data' };
    case 'away':
      return { kind: 'failed', why: outcome.cause };
    case 'misconfigured':
      return { kind: 'failed', why: outcome.what };
  }
}

interface Differing {
  readonly kind: 'differing';
  readonly records: SubjectRecord[];
  /** Never written: the last good record stays. */
  readonly redefined: Redefined[];
}

/** The records whose revision or text the ledger and the store do not have, and those that must not be written. */
async function differing(
  deps: { ledger: Ledger; records: RecordStore },
  wanted: readonly SubjectRecord[],
): Promise<Differing | Exclude<Unwritten, { kind: 'fenced' }>> {
  const found: Differing = { kind: 'differing', records: [], redefined: [] };
  for (let from = 0; from < wanted.length; from += READ_BATCH) {
    const batch = wanted.slice(from, from + READ_BATCH);
    const read = await deps.ledger.read(batch.map((record) => record.subject));
    if (read.kind !== 'read') return read;
    const texts = await deps.records.getAll(batch.map((record) => `r:${subjectKey(record.subject)}`));
    const ledgers = new Map(read.subjects.map((known) => [subjectPath(known.subject), known]));
    for (const [index, record] of batch.entries()) {
      const ledger = ledgers.get(subjectPath(record.subject));
      const budgets = redefinedBudgets(record, ledger);
      if (budgets.length > 0) found.redefined.push({ subject: record.subject, budgets });
      else if (ledger?.revision !== record.revision || readRecord(texts[index])?.revision !== record.revision) {
        found.records.push(record);
      }
    }
  }
  return found;
}

/** The budgets of a record that the ledger counts under another definition. */
export function redefinedBudgets(record: SubjectRecord, ledger: SubjectLedger | undefined): string[] {
  const counted = new Map(Object.entries(ledger?.budgets ?? {}));
  return record.budgets
    .filter(({ name, definition }) => (counted.get(name)?.definition ?? definition) !== definition)
    .map(({ name }) => name);
}

/**
 * A stored record; undefined where there is none, or one that cannot be read and is written again. One of a newer
 * budgetd is not touched.
 *
 * @throws RecordFormatError
 */
export function readRecord(text: string | null | undefined): SubjectRecord | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    return decodeSubjectRecord(text);
  } catch (error) {
    if (error instanceof RecordFormatError) throw error;
    return undefined;
  }
}
