import { expect, test } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { createMemoryKubeApi } from '../../test/gen/memory-kube-api.ts';
import { systemRandom } from '../adapters/random/system-random.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import { KubeError } from '../ports/kube.ts';
import { createKeyring, type KeyReading, SECRETS } from './keyring.ts';

const NOON = Date.UTC(2026, 10, 25, 12);
const HOUR = 3_600_000;
const OWNER = { apiVersion: 'budgetd.dev/v1alpha1', kind: 'VirtualKey', namespace: 'shop', name: 'bot', uid: 'uid-1' };
const NAME = { namespace: 'shop', name: 'bot-key' };

function make() {
  const api = createMemoryKubeApi();
  const clock = createManualClock(NOON);
  const keyring = createKeyring({ api, clock, random: systemRandom }, { baseUrl: 'http://127.0.0.1:14080/v1' });
  const obtain = (
    spec: VirtualKeySpec['key'],
    generation = 1,
    inForce: readonly { sha256: string; validUntilMs: null }[] = [],
    uid = OWNER.uid,
  ) => keyring.obtain({ owner: { ...OWNER, uid }, generation, spec, inForce });
  const secret = async () => String((await api.get(SECRETS, NAME))?.['data']?.['api-key' as never]);
  return { api, clock, obtain, secret };
}

function hashesOf(reading: KeyReading): string[] {
  return reading.kind === 'key' ? reading.hashes.map(({ sha256 }) => sha256) : [];
}

test('a key is made once; looking again soon asks nobody, looking later finds the same one', async () => {
  const { api, clock, obtain } = make();
  const first = await obtain(undefined);
  expect(first).toMatchObject({ kind: 'key', made: 'KeyIssued' });
  const { length } = api.calls;
  expect(await obtain(undefined)).toMatchObject({ made: null });
  expect(api.calls).toHaveLength(length);
  clock.advance(300_000);
  expect(hashesOf(await obtain(undefined))).toEqual(hashesOf(first));
  expect(api.calls).toHaveLength(length + 1);
});

test('a key is rotated when its time is over, is due to be looked at then, and keeps the old one for the overlap', async () => {
  const { clock, obtain, secret } = make();
  const spec = { type: 'Generated', generated: { every: '3h', overlap: '1h' } } as const;
  const first = await obtain(spec);
  const before = await secret();
  let due = first.againMs;
  for (let looks = 0; looks < 60 && (await secret()) === before; looks += 1) {
    clock.advance(Math.max(due - clock.wallMs(), 1));
    due = (await obtain(spec)).againMs;
  }
  expect(clock.wallMs()).toBe(NOON + 3 * HOUR);
  const rotated = await obtain(spec, 2);
  expect(hashesOf(rotated)).toHaveLength(2);
  expect(hashesOf(rotated)[1]).toBe(hashesOf(first)[0]);
  clock.advance(HOUR);
  expect(hashesOf(await obtain(spec, 3))).toEqual([hashesOf(rotated)[0]]);
});

test('a Secret that is gone is made again, and the key that was in force gets its overlap', async () => {
  const { api, obtain } = make();
  const first = await obtain(undefined);
  const inForce = hashesOf(first).map((sha256) => ({ sha256, validUntilMs: null }));
  api.unset(NAME);
  const again = await obtain(undefined, 2, inForce);
  // Versions tell keys apart, also where their count was lost with the Secret.
  expect(again).toMatchObject({ made: 'KeyIssued', shown: [{ version: 2 }, { version: 1 }] });
  expect(hashesOf(again)[1]).toBe(hashesOf(first)[0]);
});

test('an interrupted rotation is not repeated: the Secret says which version it answers', async () => {
  const { api, obtain, secret } = make();
  await obtain(undefined);
  const second = { type: 'Generated', generated: { version: 2 } } as const;
  await obtain(second, 2);
  const rotated = await secret();
  // Another operator, which knows nothing.
  const other = createKeyring(
    { api, clock: createManualClock(NOON), random: systemRandom },
    { baseUrl: 'http://127.0.0.1:14080/v1' },
  );
  const reading = await other.obtain({ owner: OWNER, generation: 2, spec: second, inForce: [] });
  expect([await secret(), reading.kind === 'key' && reading.made]).toEqual([rotated, null]);
});

test('a role without rights on Secrets is said, not thrown; other failures are', async () => {
  const { api, obtain } = make();
  api.failures.push(new KubeError('Forbidden', 'no'));
  expect(await obtain(undefined)).toMatchObject({ kind: 'none', reason: 'SecretForbidden', stalled: false });
  api.failures.push(new KubeError('Unavailable', 'down'));
  await expect(obtain(undefined, 2)).rejects.toThrow('down');
});

test('another VirtualKey of the same name is not taken for the one that is gone', async () => {
  const { api, obtain } = make();
  await obtain(undefined);
  const { length } = api.calls;
  await obtain(undefined, 1, [], 'uid-2');
  expect(api.calls.length).toBeGreaterThan(length);
});
