import { expect, test } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { createMemoryKubeApi } from '../../test/gen/memory-kube-api.ts';
import { pass, settled } from '../../test/gen/passing-time.ts';
import { createTestLog } from '../../test/gen/test-log.ts';
import { systemRandom } from '../adapters/random/system-random.ts';
import { KubeError, type KubeObject, type KubeResource } from '../ports/kube.ts';
import { createObjectCache } from './object-cache.ts';
import { startReflector } from './reflector.ts';

const KEYS: KubeResource = { group: 'g', version: 'v1', plural: 'keys', kind: 'Key', namespaced: true };

function object(name: string): KubeObject {
  return { apiVersion: 'g/v1', kind: 'Key', metadata: { namespace: 'ns', name } };
}

function make() {
  const api = createMemoryKubeApi();
  const clock = createManualClock(0);
  const log = createTestLog();
  const cache = createObjectCache(log, {
    project: ({ metadata: { namespace = '', name, uid = '', resourceVersion = '' } }: KubeObject) => ({
      namespace,
      name,
      uid,
      resourceVersion,
    }),
    changed() {},
  });
  const start = () => startReflector({ api, clock, random: systemRandom, log }, { resource: KEYS, cache });
  const names = () => [...cache.values()].map(({ name }) => name).toSorted();
  return { api, clock, names, start };
}

test('lists all pages, then follows', async () => {
  const { api, names, start } = make();
  for (let n = 0; n < 1_001; n += 1) api.set(object(`k${n}`));
  const reflector = start();
  await reflector.whenSynced;
  expect(api.calls.filter((call) => call.startsWith('list'))).toEqual(['list ', 'list 500', 'list 1000']);
  expect(names()).toHaveLength(1_001);
  await settled();
  api.set(object('late'));
  api.unset({ namespace: 'ns', name: 'k0' });
  await settled();
  expect([names().includes('late'), names().includes('k0'), reflector.problem()]).toEqual([true, false, null]);
});

test('a watch that ends or breaks goes on where it was, bookmarks included, without another list', async () => {
  const { api, clock, start } = make();
  api.set(object('one'));
  const reflector = start();
  await reflector.whenSynced;
  await settled();
  api.bookmark();
  await settled();
  const { version } = api;
  const seen = version();
  api.cut();
  await settled();
  api.cut(new KubeError('Unavailable', 'the watch was cut within a line'));
  await settled();
  expect(reflector.problem()).toContain('cut within a line');
  await pass(clock, 2_000);
  expect(reflector.problem()).toBeNull();
  expect(api.calls.slice(-2)).toEqual([`watch ${seen}`, `watch ${seen}`]);
  expect(api.calls.filter((call) => call.startsWith('list'))).toHaveLength(1);
});

test('a version that is too old leads to another list, which also says what is gone', async () => {
  const { api, clock, names, start } = make();
  api.set(object('one'));
  api.set(object('two'));
  const reflector = start();
  await reflector.whenSynced;
  await settled();
  api.cut(new KubeError('Expired', 'too old resource version'));
  await settled();
  api.unset({ namespace: 'ns', name: 'one' });
  await pass(clock, 2_000);
  expect(names()).toEqual(['two']);
  expect(api.calls.filter((call) => call.startsWith('list'))).toHaveLength(2);
});

test('after many broken watches in a row it lists again: the server may have another past', async () => {
  const { api, clock, start } = make();
  const reflector = start();
  await reflector.whenSynced;
  await settled();
  for (let n = 0; n < 10; n += 1) {
    api.cut(new KubeError('Unavailable', 'the connection was lost'));
    await pass(clock, 70_000, 1_000);
  }
  await settled();
  expect(api.calls.filter((call) => call.startsWith('list'))).toHaveLength(2);
});

test('while the list fails it tries again, more slowly each time, and says why', async () => {
  const { api, clock, start } = make();
  const missing = new KubeError('NotFound', 'list keys: the server could not find the requested resource');
  api.failures.push(...Array.from({ length: 8 }, () => missing));
  const reflector = start();
  await pass(clock, 1_600);
  expect(reflector.isSynced()).toBe(false);
  expect(reflector.problem()).toContain('could not find the requested resource');
  const after = api.calls.length;
  await pass(clock, 10_000);
  const tries = api.calls.length - after;
  expect(tries).toBeGreaterThan(0);
  expect(tries).toBeLessThan(5);
  await pass(clock, 240_000, 1_000);
  expect([reflector.isSynced(), reflector.problem()]).toEqual([true, null]);
});

test('after stop nothing is asked for any more', async () => {
  const { api, clock, start } = make();
  const reflector = start();
  await reflector.whenSynced;
  await settled();
  reflector.stop();
  const { length } = api.calls;
  await pass(clock, 60_000, 1_000);
  expect(api.calls).toHaveLength(length);
});
