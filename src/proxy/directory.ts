import { createPriceBook, type PriceBook } from '../core/price.ts';
import { decodeKeyIndex, decodePlatformRecord, decodeSubjectRecord } from '../core/record.ts';
import type { KeyIndex, PlatformRecord, SubjectRecord } from '../core/record.ts';
import { subjectKey } from '../core/hold.ts';
import type { Subject } from '../core/subject.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordStore } from '../ports/record-store.ts';

/** The platform record with its prices compiled. */
export interface Platform {
  readonly record: PlatformRecord;
  readonly prices: PriceBook;
}

/** Reads compiled records. @throws PortError, RecordFormatError */
export interface Records {
  /** Where a key's hash leads; null: nowhere. */
  keyIndex(sha256: string): Promise<KeyIndex | null>;
  subject(subject: Subject): Promise<SubjectRecord | null>;
  platform(): Promise<Platform | null>;
}

/**
 * Compiled records as this process has them: bounded caches that nothing has to invalidate in time, because every
 * reserve compares revisions with the ledger and names what is stale.
 */
export interface Directory {
  /** For one request; see {@link View}. */
  view(): View;
  /** Drops what the ledger said is stale; null is the platform. */
  forget(which: Subject | null): void;
}

/**
 * The records of one request. A refusal that comes from them alone is asked of no ledger, so it must not rest on old
 * ones: whoever refuses calls {@link View.renew} and looks once more.
 */
export interface View extends Records {
  /** Drops those of the records seen that were loaded more than `freshMs` ago. True: look again. */
  renew(): boolean;
}

export interface DirectoryOptions {
  /** Most subjects and most keys kept. */
  readonly maxEntries: number;
  /** How long a record is good enough to refuse by, and an unknown one taken for unknown. */
  readonly freshMs: number;
}

export function createDirectory(deps: { records: RecordStore; clock: Clock }, options: DirectoryOptions): Directory {
  const { records, clock } = deps;
  const load = async <V>(name: string, decode: (text: string) => V): Promise<V | null> => {
    const text = await records.get(name);
    return text === null ? null : decode(text);
  };
  const keys = createCache<KeyIndex>(clock, options);
  const subjects = createCache<SubjectRecord>(clock, options);
  const platforms = createCache<Platform>(clock, options);

  const seenIn = (renewals: (() => boolean)[]): Records => {
    const see = <V>(cache: Cache<V>, key: string, read: () => Promise<V | null>): Promise<V | null> => {
      renewals.push(() => cache.renew(key));
      return cache.get(key, read);
    };
    return {
      keyIndex: (sha256) => see(keys, sha256, () => load(`k:${sha256}`, decodeKeyIndex)),
      subject(subject) {
        const key = subjectKey(subject);
        return see(subjects, key, () => load(`r:${key}`, decodeSubjectRecord));
      },
      platform: () => see(platforms, PLATFORM, () => load(PLATFORM, compilePlatform)),
    };
  };

  return {
    view() {
      const renewals: (() => boolean)[] = [];
      return {
        ...seenIn(renewals),
        renew: () =>
          renewals
            .splice(0)
            .map((renew) => renew())
            .some(Boolean),
      };
    },
    forget(which) {
      if (which === null) platforms.drop(PLATFORM);
      else subjects.drop(subjectKey(which));
    },
  };
}

const PLATFORM = 'platform';

function compilePlatform(text: string): Platform {
  const record = decodePlatformRecord(text);
  return { record, prices: createPriceBook(record.prices) };
}

interface Cache<V> {
  get(key: string, load: () => Promise<V | null>): Promise<V | null>;
  drop(key: string): void;
  /** Drops an entry that is not fresh. True: there was one. */
  renew(key: string): boolean;
}

/**
 * One load per key at a time. What exists is kept until dropped or least recently used; what does not exist is kept
 * briefly and apart, so that a flood of unknown keys pushes out no known one. Failures are not remembered.
 */
function createCache<V>(clock: Clock, options: DirectoryOptions): Cache<V> {
  const loading = new Map<string, Promise<V | null>>();
  const present = new Map<string, { readonly value: V; readonly freshUntilMs: number }>();
  const absentUntilMs = new Map<string, number>();

  const fill = async (key: string, load: () => Promise<V | null>): Promise<V | null> => {
    const freshUntilMs = clock.monotonicMs() + options.freshMs;
    const value = await load();
    if (value !== null) keep(present, key, { value, freshUntilMs }, options.maxEntries);
    else keep(absentUntilMs, key, freshUntilMs, options.maxEntries);
    return value;
  };

  return {
    get(key, load) {
      const known = present.get(key);
      if (known !== undefined) {
        keep(present, key, known, options.maxEntries);
        return Promise.resolve(known.value);
      }
      if ((absentUntilMs.get(key) ?? 0) > clock.monotonicMs()) return Promise.resolve(null);
      const running = loading.get(key);
      if (running !== undefined) return running;
      const started = fill(key, load).finally(() => loading.delete(key));
      loading.set(key, started);
      return started;
    },
    drop(key) {
      present.delete(key);
      absentUntilMs.delete(key);
    },
    renew(key) {
      const known = present.get(key);
      return known !== undefined && known.freshUntilMs <= clock.monotonicMs() && present.delete(key);
    },
  };
}

function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > most && oldest.done !== true) map.delete(oldest.value);
}
