import { expect, test } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { SILENT_QUEUE } from '../../test/gen/silent-operator-metrics.ts';
import { createWorkQueue } from './work-queue.ts';

function make() {
  const clock = createManualClock(0);
  return { clock, queue: createWorkQueue({ clock, metrics: SILENT_QUEUE }) };
}

test('a key that waits already is there once, and keys come in the order of their arrival', async () => {
  const { queue } = make();
  for (const key of ['a', 'b', 'a', 'c']) queue.add(key);
  expect([await queue.take(), await queue.take(), await queue.take(), queue.size()]).toEqual(['a', 'b', 'c', 3]);
});

test('what is urgent passes what can wait, also when it waits already', async () => {
  const { queue } = make();
  queue.add('a', 'later');
  queue.add('b', 'later');
  queue.add('c');
  queue.add('b', 'now');
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['c', 'b', 'a']);
});

test('a key is never worked on twice at once: added meanwhile, it has another turn afterwards', async () => {
  const { queue } = make();
  queue.add('a');
  expect(await queue.take()).toBe('a');
  queue.add('a', 'later');
  queue.add('a', 'now');
  queue.add('b', 'now');
  expect(await queue.take()).toBe('b');
  queue.add('c');
  queue.done('a');
  expect([await queue.take(), await queue.take()]).toEqual(['c', 'a']);
});

test('a worker that waits gets the next key', async () => {
  const { queue } = make();
  const taken = queue.take();
  queue.add('a');
  expect(await taken).toBe('a');
});

test('failures come back later each time, at most after five minutes, until they are forgotten', async () => {
  const { clock, queue } = make();
  const waits: number[] = [];
  for (let n = 0; n < 18; n += 1) {
    queue.retry('a');
    const startMs = clock.monotonicMs();
    while (queue.size() === 0) clock.advance(5);
    waits.push(clock.monotonicMs() - startMs);
    await queue.take();
    queue.done('a');
  }
  expect(waits.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
  expect(waits.slice(-2)).toEqual([300_000, 300_000]);
  queue.forget('a');
  queue.retry('a');
  clock.advance(5);
  expect(queue.size()).toBe(1);
});

test('of several delays the earliest wins', () => {
  const { clock, queue } = make();
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 100);
  queue.addAfter('a', 5_000);
  clock.advance(99);
  expect(queue.size()).toBe(0);
  clock.advance(1);
  expect(queue.size()).toBe(1);
});

test('what is due in years is looked at once a day, not at once', () => {
  const { clock, queue } = make();
  queue.addAfter('a', 365 * 86_400_000);
  clock.advance(86_399_999);
  expect(queue.size()).toBe(0);
  clock.advance(1);
  expect(queue.size()).toBe(1);
});

test('a stopped queue gives nothing more, to nobody, and takes nothing', async () => {
  const { clock, queue } = make();
  const taken = queue.take();
  queue.addAfter('b', 10);
  queue.stop();
  queue.add('a');
  clock.advance(100);
  expect([await taken, await queue.take(), queue.size()]).toEqual([null, null, 0]);
});
