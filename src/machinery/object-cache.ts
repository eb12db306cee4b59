import type { KubeObject } from '../ports/kube.ts';
import { errorText, type Log } from '../ports/log.ts';

/** What every cached item has of its object. `namespace` is empty for objects of the cluster. */
export interface Cached {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface CacheChange<T> {
  /** `namespace/name`, or the name alone for objects of the cluster. */
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export interface CacheOptions<T> {
  /** The part of an object that is kept. */
  readonly project: (object: KubeObject) => T;
  /** Names under which an item is found. */
  readonly indexBy?: (item: T) => readonly string[];
  /** Called after every change. Another uid under one name is two changes: it went, and it came. */
  readonly changed: (change: CacheChange<T>) => void;
}

/** Slim projections of the objects of one kind, by key, with one index. Filled by a reflector. */
export interface ObjectCache<T extends Cached> {
  get(key: string): T | undefined;
  values(): Iterable<T>;
  size(): number;
  by(index: string): readonly T[];
  put(object: KubeObject): void;
  remove(object: KubeObject): void;
  /** Removes what a complete list did not name. */
  retain(keys: ReadonlySet<string>): void;
}

export function cacheKey({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** Whatever a projection or a listener throws stays here: one odd object must not end the stream of all others. */
export function createObjectCache<T extends Cached>(log: Log, options: CacheOptions<T>): ObjectCache<T> {
  const items = new Map<string, T>();
  const index = new Map<string, Set<string>>();
  const namesOf = (item: T | undefined): readonly string[] =>
    item === undefined ? [] : (options.indexBy?.(item) ?? []);

  const guarded = <R>(key: string, work: () => R): R | undefined => {
    try {
      return work();
    } catch (error) {
      log.error('cache: an object was passed over', { key, error: errorText(error) });
      return undefined;
    }
  };

  const set = (key: string, after: T | undefined): void => {
    const before = items.get(key);
    if (before === undefined && after === undefined) return;
    if (before !== undefined && after !== undefined && before.uid !== after.uid) set(key, undefined);
    const known = items.get(key);
    const names = new Set(after === undefined ? [] : guarded(key, () => namesOf(after)));
    for (const name of guarded(key, () => namesOf(known)) ?? []) if (!names.has(name)) index.get(name)?.delete(key);
    for (const name of names) index.set(name, (index.get(name) ?? new Set()).add(key));
    if (after === undefined) items.delete(key);
    else items.set(key, after);
    guarded(key, () => options.changed({ key, before: known, after }));
  };

  return {
    get: (key) => items.get(key),
    values: () => items.values(),
    size: () => items.size,
    by: (name) => [...(index.get(name) ?? [])].flatMap((key) => items.get(key) ?? []),
    put(object) {
      const key = cacheKey(object.metadata);
      const known = items.get(key);
      const isKnown = known?.resourceVersion === object.metadata.resourceVersion && known?.uid === object.metadata.uid;
      if (isKnown) return;
      const item = guarded(key, () => options.project(object));
      // What cannot be read changes nothing: an absent object would be taken for a deleted one.
      if (item !== undefined) set(key, item);
    },
    remove: (object) => set(cacheKey(object.metadata), undefined),
    retain(keys) {
      for (const key of Array.from(items.keys())) if (!keys.has(key)) set(key, undefined);
    },
  };
}
