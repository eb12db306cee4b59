import { type Kind, KINDS } from '../api/kinds.ts';
import { assert } from '../core/assert.ts';
import { createWorkQueue, type WorkQueue } from '../machinery/work-queue.ts';
import type { Urgency } from '../machinery/waiting-keys.ts';
import type { Clock } from '../ports/clock.ts';
import type { OperatorMetrics } from '../ports/operator-metrics.ts';
import type { ObjectKey } from './custom-object.ts';

/** What has a queue and workers of its own: each kind, and the platform part of the configuration. */
export type QueueName = Kind | 'Platform';

export interface Queues {
  readonly all: ReadonlyMap<QueueName, WorkQueue>;
  enqueue(object: ObjectKey, urgency?: Urgency): void;
  /** The platform record is to be compiled again. */
  enqueuePlatform(): void;
}

export function createQueues({ clock, metrics }: { clock: Clock; metrics: OperatorMetrics }): Queues {
  const names: QueueName[] = [...KINDS.map(({ kind }) => kind), 'Platform'];
  const all = new Map(
    names.map((name) => [name, createWorkQueue({ clock, metrics: metrics.queue(name.toLowerCase()) })]),
  );
  const queueOf = (name: QueueName): WorkQueue => {
    const queue = all.get(name);
    assert(queue !== undefined, `no queue ${name}`);
    return queue;
  };
  return {
    all,
    enqueue: ({ kind, key }, urgency = 'now') => queueOf(kind).add(key, urgency),
    enqueuePlatform: () => queueOf('Platform').add(''),
  };
}
