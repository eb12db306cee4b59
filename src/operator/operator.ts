import { startElector, type Elector } from '../machinery/elector.ts';
import type { PlatformConfig } from '../api/platform.ts';
import { createEventRecorder } from '../machinery/event-recorder.ts';
import { startReflector } from '../machinery/reflector.ts';
import type { ShowFigures } from '../ports/budget-figures.ts';
import type { Clock } from '../ports/clock.ts';
import type { KubeApi } from '../ports/kube.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import type { Log } from '../ports/log.ts';
import type { OperatorMetrics } from '../ports/operator-metrics.ts';
import type { Random } from '../ports/random.ts';
import { resourceOf } from './custom-object.ts';
import { startLeading } from './leader.ts';
import { createQueues } from './queues.ts';
import type { SpendWatchOptions } from './spend-watch.ts';
import { createWorld, NAMESPACES } from './world.ts';

export interface OperatorOptions {
  /** Where the Lease is. */
  readonly namespace: string;
  readonly leaseName: string;
  /** Of this process alone. */
  readonly identity: string;
  /** What a generated Secret says to call. */
  readonly baseUrl: string;
  readonly status: SpendWatchOptions;
  /** The platform part in force; asked again after `platformChanged`. */
  readonly platform: () => PlatformConfig;
  /** This process must end: it lost the lease, or was fenced. */
  readonly deposed: (why: string) => void;
  readonly swept: (holds: number) => void;
  /** The leader's figures of all subjects, every second or more. */
  readonly figures: ShowFigures;
}

export interface OperatorDeps {
  readonly api: KubeApi;
  /** The same with a deadline that leaves a lost Lease call time for another try. */
  readonly leaseApi: KubeApi;
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: OperatorMetrics;
}

/** The operator of one cluster: caches on every replica, reconciling on the leader. */
export interface Operator {
  /** Caches are complete; says nothing about leadership or the ledger. */
  isReady(): boolean;
  leads(): boolean;
  /** The platform part was edited. */
  platformChanged(): void;
  /** Finishes the work in hand, then gives the Lease back. */
  stop(): Promise<void>;
}

/** Starts an operator. Order: caches, then election, then the leader's work; it stops the other way round. */
export function startOperator(deps: OperatorDeps, options: OperatorOptions): Operator {
  const { log, metrics } = deps;
  const queues = createQueues(deps);
  const world = createWorld(log, {
    changed: (object) => queues.enqueue(object),
    namespaceChanged(name) {
      queues.enqueuePlatform();
      for (const key of world.keysOf(name)) queues.enqueue(key);
    },
  });
  const events = createEventRecorder(deps, { component: 'budgetd.dev/operator', instance: options.identity });
  const reflectors = [
    ...[...world.objects].map(([kind, cache]) => startReflector(deps, { resource: resourceOf(kind), cache })),
    startReflector(deps, { resource: NAMESPACES, cache: world.namespaces }),
  ];
  let elector: Elector | null = null;
  let stopLeading: (() => Promise<void>) | null = null;

  const stand = async (): Promise<void> => {
    await Promise.all(reflectors.map(({ whenSynced }) => whenSynced));
    log.info('caches complete', { objects: [...world.objects.values()].reduce((sum, cache) => sum + cache.size(), 0) });
    metrics.leading(options.leaseName, false);
    const standing = startElector(
      { ...deps, api: deps.leaseApi },
      {
        namespace: options.namespace,
        name: options.leaseName,
        identity: options.identity,
        elected(term) {
          log.info('leading', { term, identity: options.identity });
          metrics.leading(options.leaseName, true);
          stopLeading = startLeading({ ...deps, world, queues, events, elector: standing }, options, term);
        },
        lost(why) {
          metrics.leading(options.leaseName, false);
          options.deposed(why);
        },
      },
    );
    elector = standing;
  };
  void stand();

  return {
    isReady: () => reflectors.every((reflector) => reflector.isSynced()),
    leads: () => elector?.leads() ?? false,
    platformChanged: queues.enqueuePlatform,
    async stop() {
      await stopLeading?.();
      await elector?.stop();
      for (const reflector of reflectors) reflector.stop();
      await events.stop();
    },
  };
}
