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
/** After so many broken watches in a row the place where they continue is in doubt: the store may be another one. */
const MOST_FAILURES = 10;

export function startReflector<T extends Cached>(deps: Deps, { resource, cache }: Reflected<T>): Reflector {
  const { api, clock, random, log } = deps;
  const { promise: whenSynced, resolve: synced } = Promise.withResolvers<void>();
  const abort = new AbortController();
  let isSynced = false;
  let problem: string | null = 'not listed yet';
  const backOff = createBackOff(deps);
  let failures = 0;
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
      failures = 0;
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
        backOff.reset();
        failures = 0;
      } catch (error) {
        if (abort.signal.aborted) return;
        failures += 1;
        if (isLost(error) || failures >= MOST_FAILURES) version = null;
        setProblem(errorText(error));
        if (clock.monotonicMs() - since >= HEALTHY_MS) backOff.reset();
        await backOff.pause();
      }
    }
  };
  void run();

  return { whenSynced, isSynced: () => isSynced, problem: () => problem, stop: () => abort.abort() };
}

/** Pauses that double up to a bound, so that a server in trouble is not asked by all replicas at once. */
function createBackOff({ clock, random }: Deps): { pause(): Promise<void>; reset(): void } {
  let pauseMs = BACK_OFF_MS;
  return {
    async pause() {
      await sleep(clock, pauseMs * (1 + fraction(random)));
      pauseMs = Math.min(pauseMs * 2, MOST_BACK_OFF_MS);
    },
    reset() {
      pauseMs = BACK_OFF_MS;
    },
  };
}

/** Whether the place where a watch continues is worth nothing any more. */
function isLost(error: unknown): boolean {
  return error instanceof KubeError && ['Expired', 'NotFound', 'Invalid', 'Rejected'].includes(error.reason);
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
