import { assert } from './assert.ts';
import type { Budget } from './budget.ts';
import type { StatedCallPolicy } from './call-policy.ts';
import type { Nanos } from './money.ts';
import type { PriceEntry } from './price.ts';
import type { Raise } from './raise.ts';
import type { Subject } from './subject.ts';

/** The format of compiled records. A proxy that meets a newer one refuses new calls. */
export const RECORD_FORMAT = 1;

/** Why a subject's calls are refused although its record exists. */
export type Inactive = 'Suspended' | 'Expired' | 'Deleted';

/** A subject as the proxy reads it: everything that admission needs, compiled from the object. */
export interface SubjectRecord {
  readonly subject: Subject;
  /** Opaque; changes with every change of the record. Equal to the ledger's, or the reserve is stale. */
  readonly revision: string;
  readonly inactive: Inactive | null;
  /** Untrusted display text. */
  readonly alias: string;
  readonly budgets: readonly CompiledBudget[];
  /** Allow-list; empty: every model. */
  readonly models: readonly string[];
  readonly calls: StatedCallPolicy;
  readonly tags: Readonly<Record<string, string>>;
  /** VirtualKeys only. */
  readonly key: KeyPart | null;
}

export interface CompiledBudget extends Budget {
  /** Hash of the definition (core/budget `definitionText`). */
  readonly definition: string;
  /** What adjustments add to the limit; ended ones may be among them. */
  readonly raises: readonly Raise[];
}

/** What only a VirtualKey has. */
export interface KeyPart {
  readonly team: Subject | null;
  readonly user: Subject | null;
  /** A reference that does not resolve; every call is refused until it does. */
  readonly unresolved: 'teamRef' | 'userRef' | null;
  /** Epoch milliseconds of ledger time, null: never. */
  readonly expiresAtMs: number | null;
  /** The keys that are this VirtualKey's now; an index entry alone admits nothing. */
  readonly hashes: readonly KeyHash[];
}

export interface KeyHash {
  /** Lower-case hex SHA-256 of the key. */
  readonly sha256: string;
  /** During a rotation's overlap: when the older key ends, epoch milliseconds of ledger time; null: it does not. */
  readonly validUntilMs: number | null;
}

/** Where the hash of a key leads. */
export interface KeyIndex {
  readonly subject: Subject;
}

export interface Provider {
  readonly name: string;
  readonly api: 'openai';
  /** What the API's SDK is given; no trailing slash. */
  readonly baseUrl: string;
  readonly models: readonly string[];
  readonly default: boolean;
  /** Whether `stream_options` may be added to a streamed request. */
  readonly streamOptions: boolean;
}

/** The platform part of the configuration, compiled; one record and one revision per installation. */
export interface PlatformRecord {
  readonly revision: string;
  readonly providers: readonly Provider[];
  readonly prices: readonly PriceEntry[];
  /** Teams that every call is charged to. */
  readonly mandatoryTeams: readonly Subject[];
  /** Further Teams by namespace. */
  readonly namespaceTeams: Readonly<Record<string, readonly Subject[]>>;
  readonly requireTeam: boolean;
  readonly unpriced: 'Deny' | 'Allow';
  readonly calls: StatedCallPolicy;
  readonly onLost: 'Charge' | 'Release';
  readonly errors: ErrorPolicy;
}

export interface ErrorPolicy {
  readonly budgetExceededStatus: 400 | 402 | 403 | 422 | 429;
  readonly retryWithinMs: number;
  readonly amounts: 'Own' | 'All' | 'None';
}

/** Amounts (bigint) travel as `{"$nanos": "<digits>"}`. */
const NANOS = '$nanos';

/** Serialises a record. */
export function encodeRecord(record: SubjectRecord | PlatformRecord | KeyIndex): string {
  return JSON.stringify({ format: RECORD_FORMAT, record }, (_, value: unknown) => {
    if (typeof value === 'bigint') return { [NANOS]: value.toString() };
    // Tags are named by tenants; the API allows no such name, and this keeps it so.
    assert(!hasNanos(value), `no member of a record may be called ${NANOS}`);
    return value;
  });
}

/** A stored record was written by a newer budgetd. */
export class RecordFormatError extends Error {
  override readonly name = 'RecordFormatError';
}

/** Reads a stored subject. @throws RecordFormatError when the record has another format */
export function decodeSubjectRecord(text: string): SubjectRecord {
  return decode(text) as SubjectRecord;
}

/** Reads the stored platform record. @throws RecordFormatError when the record has another format */
export function decodePlatformRecord(text: string): PlatformRecord {
  return decode(text) as PlatformRecord;
}

/** Reads where a key's hash leads. @throws RecordFormatError when the record has another format */
export function decodeKeyIndex(text: string): KeyIndex {
  return decode(text) as KeyIndex;
}

/** The store is trusted (only the writer can write it); the format is not. */
function decode(text: string): unknown {
  const parsed = JSON.parse(text, (_, value: unknown) => reviveNanos(value)) as { format: number; record: unknown };
  if (parsed.format !== RECORD_FORMAT) {
    throw new RecordFormatError(`record format ${parsed.format}, this budgetd reads ${RECORD_FORMAT}`);
  }
  return parsed.record;
}

function reviveNanos(value: unknown): unknown {
  return hasNanos(value) ? (BigInt(String(value[NANOS])) satisfies Nanos) : value;
}

function hasNanos(value: unknown): value is Record<typeof NANOS, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, NANOS);
}
