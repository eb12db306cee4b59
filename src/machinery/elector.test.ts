import { expect, test } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { createMemoryKubeApi } from '../../test/gen/memory-kube-api.ts';
import { pass, settled } from '../../test/gen/passing-time.ts';
import { createTestLog } from '../../test/gen/test-log.ts';
import { systemRandom } from '../adapters/random/system-random.ts';
import { type KubeApi, KubeError } from '../ports/kube.ts';
import { startElector } from './elector.ts';

const LEASE = { namespace: 'system', name: 'operator' };
const LEASES = { group: '', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };

function stand(api: KubeApi, identity: string) {
  const clock = createManualClock(Date.UTC(2026, 0, 1));
  const story: string[] = [];
  const elector = startElector(
    { api, clock, random: systemRandom, log: createTestLog() },
    {
      ...LEASE,
      identity,
      elected: (term) => void story.push(`elected ${term}`),
      lost: (why) => void story.push(`lost: ${why}`),
    },
  );
  return { clock, elector, story };
}

async function leaseOf(api: KubeApi) {
  const lease = await api.get(LEASES, LEASE);
  return { ...(lease?.['spec'] as Record<string, unknown>), annotations: lease?.metadata.annotations };
}

test('the first one leads under term 1, with times as the API server takes them', async () => {
  const api = createMemoryKubeApi();
  const one = stand(api, 'one');
  await settled();
  expect([one.story, one.elector.leads()]).toEqual([['elected 1'], true]);
  expect(await leaseOf(api)).toMatchObject({
    holderIdentity: 'one',
    leaseDurationSeconds: 15,
    renewTime: '2026-01-01T00:00:00.000000Z',
    annotations: { 'budgetd.dev/term': '1' },
  });
});

test('a second one waits while the first renews, however far apart their clocks are', async () => {
  const api = createMemoryKubeApi();
  const one = stand(api, 'one');
  await settled();
  const two = stand(api, 'two');
  two.clock.stepWall(3_600_000);
  for (let n = 0; n < 60; n += 1) {
    await pass(one.clock, 1_000, 500);
    await pass(two.clock, 1_000, 500);
  }
  expect([one.elector.leads(), two.elector.leads(), two.story]).toEqual([true, false, []]);
});

test('a leader that stands still loses to the next term, and knows it before it acts', async () => {
  const api = createMemoryKubeApi();
  const one = stand(api, 'one');
  await settled();
  const two = stand(api, 'two');
  await pass(two.clock, 20_000, 500);
  expect(two.story).toEqual(['elected 2']);
  // The process goes on: its monotonic clock has gone on too, and the question alone tells it.
  one.clock.advance(20_000);
  expect(one.elector.leads()).toBe(false);
  expect(one.story).toEqual(['elected 1', 'lost: the lease could not be renewed in time']);
});

test('a renewal that hangs ends the leadership in time', async () => {
  const api = createMemoryKubeApi();
  const one = stand(api, 'one');
  await settled();
  api.hang();
  await pass(one.clock, 12_000, 500);
  expect(one.story.at(-1)).toBe('lost: the lease could not be renewed in time');
});

test('short trouble is survived, and a conflict with nobody is none', async () => {
  const api = createMemoryKubeApi();
  const one = stand(api, 'one');
  await settled();
  api.failures.push(new KubeError('Unavailable', 'down'), new KubeError('Conflict', 'it changed'));
  await pass(one.clock, 30_000, 500);
  expect([one.story, one.elector.leads()]).toEqual([['elected 1'], true]);
});

test('the term can be raised above another, and stays raised; notes outlive their holder', async () => {
  const api = createMemoryKubeApi();
  const one = stand(api, 'one');
  await settled();
  expect(await one.elector.raiseTerm(41)).toBe(42);
  await one.elector.setNote('known', 'true');
  await pass(one.clock, 6_000, 500);
  expect((await leaseOf(api)).annotations).toEqual({ 'budgetd.dev/term': '42', known: 'true' });
  await one.elector.stop();
  expect(await leaseOf(api)).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  const two = stand(api, 'two');
  await settled();
  expect([two.story, two.elector.note('known')]).toEqual([['elected 43'], 'true']);
  expect(await one.elector.raiseTerm(50)).toBeNull();
});
