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

/**
 * Compiled records as this process has them: bounded caches that nothing has to invalidate in time, because every
 * reserve compares revisions with the ledger and names what is stale.
 */
export interface Directory {
  /** Where a key's hash leads; null: nowhere. Unknown keys are remembered for a moment only. @throws PortError */
  keyIndex(sha256: string): Promise<KeyIndex | null>;
  /** @throws PortError, RecordFormatError */
  subject(subject: Subject): Promise<SubjectRecord | null>;
  /** @throws PortError, RecordFormatError */
  platform(): Promise<Platform | null>;
  /** Drops what the ledger said is stale; null is the platform. */
  forget(which: Subject | null): void;
  forgetKey(sha256: string): void;
}

export interface DirectoryOptions {
  /** Most subjects and most keys kept. */
  readonly maxEntries: number;
  /** How long an unknown key is taken for unknown without asking again. */
  readonly negativeMs: number;
}

export function createDirectory(deps: { records: RecordStore; clock: Clock }, options: DirectoryOptions): Directory {
  const { records, clock } = deps;
  const load = <V>(name: string, decode: (text: string) => V): Promise<V | null> =>
    records.get(name).then((text) => (text === null ? null : decode(text)));

  const keys = createCache<KeyIndex>(clock, options);
  const subjects = createCache<SubjectRecord>(clock, options);
  const platforms = createCache<Platform>(clock, options);

  return {
    keyIndex: (sha256) => keys.get(sha256, () => load(`k:${sha256}`, decodeKeyIndex)),
    subject(subject) {
      const key = subjectKey(subject);
      return subjects.get(key, () => load(`r:${key}`, decodeSubjectRecord));
    },
    platform: () =>
      platforms.get('platform', () =>
        load('platform', (text) => {
          const record = decodePlatformRecord(text);
          return { record, prices: createPriceBook(record.prices) };
        }),
      ),
    forget(which) {
      if (which === null) platforms.drop('platform');
      else subjects.drop(subjectKey(which));
    },
    forgetKey: (sha256) => keys.drop(sha256),
  };
}

interface Cache<V> {
  get(key: string, load: () => Promise<V | null>): Promise<V | null>;
  drop(key: string): void;
}

/**
 * One load per key at a time. What exists is kept until dropped or least recently used; what does not exist is kept
 * briefly and apart, so that a flood of unknown keys pushes out no known one. Failures are not remembered.
 */
function createCache<V>(clock: Clock, options: DirectoryOptions): Cache<V> {
  const loading = new Map<string, Promise<V | null>>();
  const present = new Map<string, V>();
  const absentUntilMs = new Map<string, number>();

  const fill = async (key: string, load: () => Promise<V | null>): Promise<V | null> => {
    const value = await load();
    if (value !== null) keep(present, key, value, options.maxEntries);
    else keep(absentUntilMs, key, clock.monotonicMs() + options.negativeMs, options.maxEntries);
    return value;
  };

  return {
    get(key, load) {
      const known = present.get(key);
      if (known !== undefined) {
        keep(present, key, known, options.maxEntries);
        return Promise.resolve(known);
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
  };
}

function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > most && oldest.done !== true) map.delete(oldest.value);
}
