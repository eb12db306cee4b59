import type { Clock } from '../ports/clock.ts';
import { sleep } from '../ports/clock.ts';
import { type KubeApi, KubeError, type KubeResource } from '../ports/kube.ts';
import { errorText, type Log } from '../ports/log.ts';
import { fraction, type Random } from '../ports/random.ts';
import { type Cached, cacheKey, type ObjectCache } from './object-cache.ts';

/** Keeps a cache in step with one resource of the API server: lists in pages, then watches. */
export interface Reflector {
  /** Resolves once the first list is complete. */
  readonly whenSynced: Promise<void>;
  isSynced(): boolean;
  /** Why the cache may be behind now; null: it follows. */
  problem(): string | null;
  stop(): void;
}

interface Deps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Reflected<T extends Cached> {
  readonly resource: KubeResource;
  readonly cache: ObjectCache<T>;
}

const PAGE = 500;
const WATCH_SECONDS = 300;
/** Bookmarks come about once a minute. */
const IDLE_MS = 120_000;
const BACK_OFF_MS = 800;
const MOST_BACK_OFF_MS = 30_000;
const HEALTHY_MS = 120_000;

export function startReflector<T extends Cached>(deps: Deps, { resource, cache }: Reflected<T>): Reflector {
  const { api, clock, random, log } = deps;
  const { promise: whenSynced, resolve: synced } = Promise.withResolvers<void>();
  const abort = new AbortController();
  let isSynced = false;
  let problem: string | null = 'not listed yet';
  let backOffMs = BACK_OFF_MS;
  /** Where a watch continues; null: list first. */
  let version: string | null = null;

  const watch = async (from: string): Promise<void> => {
    // Not all watches of all replicas end at once.
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + fraction(random)));
    const events = api.watch(
      resource,
      { namespace: '', resourceVersion: from, timeoutSeconds, idleMs: IDLE_MS },
      abort.signal,
    );
    for await (const event of events) {
      if (event.type === 'BOOKMARK') version = event.resourceVersion;
      else {
        if (event.type === 'DELETED') cache.remove(event.object);
        else cache.put(event.object);
        version = event.object.metadata.resourceVersion ?? version;
      }
      setProblem(null);
    }
  };

  const setProblem = (why: string | null): void => {
    if (why !== null && why !== problem) log.warn('watch: interrupted', { resource: resource.plural, why });
    problem = why;
  };

  const follow = async (): Promise<void> => {
    if (version === null) {
      version = await list(api, { resource, cache }, abort.signal);
      isSynced = true;
      synced();
    }
    setProblem(null);
    await watch(version);
  };

  const run = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      const since = clock.monotonicMs();
      try {
        await follow();
        // The server ends every watch in time; the next one begins where it ended.
        backOffMs = BACK_OFF_MS;
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof KubeError && error.reason === 'Expired') version = null;
        setProblem(errorText(error));
        if (clock.monotonicMs() - since >= HEALTHY_MS) backOffMs = BACK_OFF_MS;
        await sleep(clock, backOffMs * (1 + fraction(random)));
        backOffMs = Math.min(backOffMs * 2, MOST_BACK_OFF_MS);
      }
    }
  };
  void run();

  return { whenSynced, isSynced: () => isSynced, problem: () => problem, stop: () => abort.abort() };
}

/** Fills the cache page by page, none of which is kept. Returns where a watch continues. */
async function list<T extends Cached>(
  api: KubeApi,
  { resource, cache }: Reflected<T>,
  signal: AbortSignal,
): Promise<string> {
  const listed = new Set<string>();
  let next = '';
  let resourceVersion = '';
  do {
    const page = await api.list(resource, { namespace: '', limit: PAGE, next });
    for (const object of page.items) {
      listed.add(cacheKey(object.metadata));
      cache.put(object);
    }
    ({ next, resourceVersion } = page);
  } while (next !== '' && !signal.aborted);
  // Only a complete list says what is gone.
  if (next === '') cache.retain(listed);
  return resourceVersion;
}
