import { expect, test } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { createMemoryKubeApi } from '../../test/gen/memory-kube-api.ts';
import { createTestLog } from '../../test/gen/test-log.ts';
import { systemRandom } from '../adapters/random/system-random.ts';
import { KubeError } from '../ports/kube.ts';
import { createEventRecorder, type EventText } from './event-recorder.ts';

const KEY = { apiVersion: 'g/v1', kind: 'Key', namespace: 'shop', name: `${'a'.repeat(240)}.b`, uid: 'u1' };
const EVENT: EventText = { type: 'Warning', reason: 'BudgetExhausted', action: 'Reconcile', note: 'x'.repeat(2_000) };

function recording(change: (n: number) => Partial<EventText> = () => ({})) {
  const api = createMemoryKubeApi();
  const clock = createManualClock(Date.UTC(2026, 0, 1));
  const recorder = createEventRecorder(
    { api, clock, random: systemRandom, log: createTestLog() },
    { component: 'budgetd.dev/operator', instance: 'one' },
  );
  return { api, clock, recorder, say: (n: number) => recorder.record(KEY, { ...EVENT, ...change(n) }) };
}

async function eventsOf(api: ReturnType<typeof createMemoryKubeApi>) {
  return (
    await api.list(
      { group: '', version: '', plural: '', kind: '', namespaced: true },
      { namespace: '', limit: 500, next: '' },
    )
  ).items;
}

test('an event has the form that the API server takes: bounded, with microseconds', async () => {
  const { api, recorder, say } = recording();
  say(0);
  await recorder.stop();
  const [event] = await eventsOf(api);
  expect(event).toMatchObject({
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: KEY,
    reason: 'BudgetExhausted',
    action: 'Reconcile',
    reportingController: 'budgetd.dev/operator',
  });
  expect(String(event?.['note'])).toHaveLength(1_000);
  expect(event?.metadata.name).toMatch(/^a{200}\.[0-9a-f-]{36}$/);
});

test('the same again within ten minutes becomes a series, later a new event', async () => {
  const { api, clock, recorder, say } = recording();
  for (let n = 0; n < 3; n += 1) say(n);
  await recorder.stop();
  expect(await eventsOf(api)).toMatchObject([{ series: { count: 3 } }]);
  clock.advance(600_000);
  say(3);
  await recorder.stop();
  expect(await eventsOf(api)).toHaveLength(2);
});

test('one object says at most 25 things at once, then one in five minutes', async () => {
  const { api, clock, recorder, say } = recording((n) => ({ note: `note ${n}` }));
  for (let n = 0; n < 40; n += 1) say(n);
  await recorder.stop();
  expect(await eventsOf(api)).toHaveLength(25);
  clock.advance(300_000);
  for (let n = 40; n < 50; n += 1) say(n);
  await recorder.stop();
  expect(await eventsOf(api)).toHaveLength(26);
});

test('an event that cannot be sent is nobody’s trouble', async () => {
  const { api, recorder, say } = recording((n) => ({ note: `note ${n}` }));
  api.failures.push(new KubeError('Forbidden', 'no'));
  say(0);
  say(1);
  await recorder.stop();
  expect(await eventsOf(api)).toHaveLength(1);
});
