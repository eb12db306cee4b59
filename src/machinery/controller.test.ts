import { expect, test } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { settled } from '../../test/gen/passing-time.ts';
import { silentOperatorMetrics, SILENT_QUEUE } from '../../test/gen/silent-operator-metrics.ts';
import { createTestLog } from '../../test/gen/test-log.ts';
import { KubeError } from '../ports/kube.ts';
import { type Outcome, startController } from './controller.ts';
import { createWorkQueue } from './work-queue.ts';

function make(reconcile: (key: string) => Promise<Outcome>, workers = 1) {
  const clock = createManualClock(0);
  const log = createTestLog();
  const metrics = silentOperatorMetrics();
  const queue = createWorkQueue({ clock, metrics: SILENT_QUEUE });
  const controller = startController({ clock, log, metrics }, { name: 'test', queue, workers, reconcile });
  return { clock, log, metrics, queue, controller };
}

test('a reconcile that throws is tried again and ends no worker; only what no port throws is a defect', async () => {
  const seen: string[] = [];
  const { clock, metrics, queue } = make(async (key) => {
    seen.push(key);
    if (key === 'defect' && seen.length === 1) throw new TypeError('undefined is not a function');
    if (key === 'away' && seen.length === 2) throw new KubeError('Unavailable', 'the API server does not answer');
    return { kind: 'done' };
  });
  queue.add('defect');
  queue.add('away');
  queue.add('other');
  await settled();
  clock.advance(5);
  await settled();
  expect(seen).toEqual(['defect', 'away', 'other', 'defect', 'away']);
  expect(metrics.panics).toEqual(['test']);
});

test('a success forgets earlier failures', async () => {
  const outcomes: Outcome[] = [
    { kind: 'retry', why: 'x' },
    { kind: 'retry', why: 'x' },
    { kind: 'done' },
    { kind: 'retry', why: 'x' },
    { kind: 'done' },
  ];
  const { clock, queue } = make(async () => outcomes.shift() ?? { kind: 'done' });
  queue.add('a');
  for (const delayMs of [0, 5, 10]) {
    clock.advance(delayMs);
    await settled();
  }
  expect(outcomes).toHaveLength(2);
  queue.add('a');
  await settled();
  clock.advance(5);
  await settled();
  expect(outcomes).toHaveLength(0);
});

test('a key comes back when it asked to', async () => {
  let turns = 0;
  const { clock, queue } = make(async () => {
    turns += 1;
    return { kind: 'again', afterMs: 1_000 };
  });
  queue.add('a');
  await settled();
  clock.advance(999);
  await settled();
  expect(turns).toBe(1);
  clock.advance(1);
  await settled();
  expect(turns).toBe(2);
});

test('stopping waits for the work in hand and begins no other', async () => {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const seen: string[] = [];
  const { queue, controller } = make((key) => {
    seen.push(key);
    return promise;
  });
  queue.add('a');
  queue.add('b');
  await settled();
  const stopping = controller.stop().then(() => 'stopped');
  expect(await Promise.race([stopping, settled()])).toBeUndefined();
  resolve({ kind: 'done' });
  expect(await stopping).toBe('stopped');
  expect(seen).toEqual(['a']);
});
