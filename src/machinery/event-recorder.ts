import { type Clock, every } from '../ports/clock.ts';
import { type KubeApi, type KubeResource } from '../ports/kube.ts';
import { errorText, type Log } from '../ports/log.ts';
import type { Random } from '../ports/random.ts';
import { microTime } from './micro-time.ts';

const EVENTS: KubeResource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
}

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** One word for machines. */
  readonly reason: string;
  /** What was being done. */
  readonly action: string;
  /** For people; at most 1 kB of it is kept. */
  readonly note: string;
}

/** Tells people what happened to an object: `kubectl describe`. Never throws and never waits. */
export interface EventRecorder {
  record(regarding: Regarding, event: EventText): void;
  /** Resolves when what was recorded has been sent, or given up. */
  stop(): Promise<void>;
}

interface Sent {
  readonly name: string;
  readonly atMs: number;
  count: number;
}

const NOTE_CHARACTERS = 1000;
const SERIES_MS = 600_000;
const BURST = 25;
const REFILL_MS = 300_000;
const MOST_WAITING = 1_000;
const FORGET_EVERY_MS = 60_000;

export function createEventRecorder(
  { api, clock, random, log }: { api: KubeApi; clock: Clock; random: Random; log: Log },
  { component, instance }: { component: string; instance: string },
): EventRecorder {
  /** Events of the last minutes: a repeated one becomes a series. */
  const recent = new Map<string, Sent>();
  const allowance = createAllowance(clock);
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const send = async (regarding: Regarding, event: EventText): Promise<void> => {
    const note = event.note.slice(0, NOTE_CHARACTERS);
    const same = `${regarding.uid} ${event.reason} ${note}`;
    const now = microTime(clock.wallMs());
    const earlier = recent.get(same);
    if (earlier !== undefined && clock.monotonicMs() - earlier.atMs < SERIES_MS) {
      earlier.count += 1;
      const series = { count: earlier.count, lastObservedTime: now };
      await api.patch(EVENTS, { namespace: regarding.namespace, name: earlier.name }, { series });
      return;
    }
    const name = `${regarding.name.slice(0, 200)}.${random.uuid()}`;
    await api.create(EVENTS, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: regarding.namespace, name },
      eventTime: now,
      regarding,
      ...event,
      note,
      reportingController: component,
      reportingInstance: instance.slice(0, 128),
    });
    recent.set(same, { name, atMs: clock.monotonicMs(), count: 1 });
  };

  const forget = async (): Promise<void> => {
    const nowMs = clock.monotonicMs();
    for (const [key, { atMs }] of recent) if (nowMs - atMs >= SERIES_MS) recent.delete(key);
    allowance.prune();
  };
  const unsent = (error: unknown): void => log.debug('events: one was not sent', { error: errorText(error) });
  const stopForgetting = every(clock, FORGET_EVERY_MS, forget, unsent);

  return {
    record(regarding, event) {
      if (waiting >= MOST_WAITING || !allowance.take(regarding.uid)) return;
      waiting += 1;
      last = last
        .then(() => send(regarding, event))
        .catch(unsent)
        .finally(() => {
          waiting -= 1;
        });
    },
    async stop() {
      stopForgetting();
      await last;
    },
  };
}

/** How many events each object may still cause: a burst, then one now and then. */
function createAllowance(clock: Clock): { take(uid: string): boolean; prune(): void } {
  const allowances = new Map<string, { left: number; atMs: number }>();
  const leftOf = ({ left, atMs }: { left: number; atMs: number }): number =>
    Math.min(BURST, left + (clock.monotonicMs() - atMs) / REFILL_MS);
  return {
    take(uid) {
      const atMs = clock.monotonicMs();
      const left = leftOf(allowances.get(uid) ?? { left: BURST, atMs });
      allowances.set(uid, { left: left < 1 ? left : left - 1, atMs });
      return left >= 1;
    },
    prune() {
      for (const [uid, allowance] of allowances) if (leftOf(allowance) >= BURST) allowances.delete(uid);
    },
  };
}
