import { type KubeApi, KubeError, type KubeName, type KubeObject, type WatchEvent } from '../../src/ports/kube.ts';

/** An API server in memory: versions, conflicts, watches that a test feeds and cuts. */
export interface MemoryKubeApi extends KubeApi {
  /** What the next calls meet, one each, before they are looked at. */
  readonly failures: KubeError[];
  readonly calls: string[];
  /** Puts an object as somebody else would; watches see it. */
  set(object: KubeObject): void;
  unset(name: KubeName): void;
  bookmark(): void;
  /** Ends every watch, by an error or as the server does in time. */
  cut(error?: KubeError): void;
  /** Ends with a call that never answers. */
  hang(): void;
  readonly version: () => string;
}

interface Watcher {
  push(event: WatchEvent): void;
  end(error?: KubeError): void;
}

const keyOf = ({ namespace = '', name }: { namespace?: string; name: string }): string => `${namespace}/${name}`;
/** JSON merge patch, RFC 7396. */
function merged(value: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = new Map(Object.entries((value ?? {}) as Record<string, unknown>));
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) result.delete(name);
    else result.set(name, merged(result.get(name), change));
  }
  return Object.fromEntries(result);
}

const nobody = (): void => {};

export function createMemoryKubeApi(): MemoryKubeApi {
  const objects = new Map<string, KubeObject>();
  const failures: KubeError[] = [];
  const calls: string[] = [];
  const watchers = new Set<Watcher>();
  let version = 1;
  let hangs = false;
  const tell = (event: WatchEvent): void => {
    for (const watcher of watchers) watcher.push(event);
  };
  const store = (object: KubeObject, type: 'ADDED' | 'MODIFIED'): KubeObject => {
    version += 1;
    const stored = {
      ...object,
      metadata: { uid: `uid-${version}`, ...object.metadata, resourceVersion: String(version) },
    };
    objects.set(keyOf(object.metadata), stored);
    tell({ type, object: stored });
    return stored;
  };
  const enter = async (call: string): Promise<void> => {
    calls.push(call);
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    if (hangs) await new Promise(() => {});
  };

  return {
    failures,
    calls,
    version: () => String(version),
    set: (object) => void store(object, objects.has(keyOf(object.metadata)) ? 'MODIFIED' : 'ADDED'),
    unset(name) {
      const object = objects.get(keyOf(name));
      if (object === undefined) return;
      version += 1;
      objects.delete(keyOf(name));
      tell({
        type: 'DELETED',
        object: { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } },
      });
    },
    bookmark() {
      version += 1;
      tell({ type: 'BOOKMARK', resourceVersion: String(version) });
    },
    cut(error) {
      for (const watcher of watchers) watcher.end(error);
    },
    hang() {
      hangs = true;
    },
    async get(_, name) {
      await enter(`get ${keyOf(name)}`);
      return objects.get(keyOf(name)) ?? null;
    },
    async list(_, { limit, next }) {
      await enter(`list ${next}`);
      const all = [...objects.values()];
      const from = next === '' ? 0 : Number(next);
      const more = from + limit < all.length;
      return {
        items: all.slice(from, from + limit),
        resourceVersion: String(version),
        next: more ? String(from + limit) : '',
      };
    },
    async *watch(_, { resourceVersion }, signal) {
      await enter(`watch ${resourceVersion}`);
      const events: WatchEvent[] = [];
      let wake = nobody;
      let ended: { error: KubeError | undefined } | null = null;
      const watcher: Watcher = {
        push(event) {
          events.push(event);
          wake();
        },
        end(error) {
          ended = { error };
          wake();
        },
      };
      watchers.add(watcher);
      signal.addEventListener('abort', () => watcher.end());
      try {
        for (;;) {
          const event = events.shift();
          if (event !== undefined) yield event;
          else if (ended !== null) {
            const { error } = ended as { error: KubeError | undefined };
            if (error !== undefined) throw error;
            return;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        watchers.delete(watcher);
      }
    },
    async create(_, object) {
      await enter(`create ${keyOf(object.metadata)}`);
      if (objects.has(keyOf(object.metadata))) throw new KubeError('AlreadyExists', 'it exists');
      return store(object, 'ADDED');
    },
    async replace(_, object) {
      await enter(`replace ${keyOf(object.metadata)}`);
      const known = objects.get(keyOf(object.metadata));
      if (known === undefined) throw new KubeError('NotFound', 'there is none');
      if (known.metadata.resourceVersion !== object.metadata.resourceVersion)
        throw new KubeError('Conflict', 'it changed');
      return store(object, 'MODIFIED');
    },
    async apply(_, object) {
      await enter(`apply ${keyOf(object.metadata)}`);
      const known = objects.get(keyOf(object.metadata));
      if (known === undefined) throw new KubeError('NotFound', 'there is none');
      return store({ ...known, ...object, metadata: known.metadata }, 'MODIFIED');
    },
    async patch(_, name, patch) {
      await enter(`patch ${keyOf(name)}`);
      const known = objects.get(keyOf(name));
      if (known === undefined) throw new KubeError('NotFound', 'there is none');
      return store(merged(known, patch) as KubeObject, 'MODIFIED');
    },
  };
}
