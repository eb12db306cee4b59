import { expect, it } from 'vitest';
import { NEW } from '../gen/calls.ts';
import { createSqliteLedger } from '../../src/adapters/sqlite/sqlite-ledger.ts';
import { systemRandom } from '../../src/adapters/random/system-random.ts';
import type { PlatformRecord } from '../../src/core/record.ts';
import { compile } from '../../src/operator/compile.ts';
import { compilePlatform } from '../../src/operator/compile-platform.ts';
import { createPublisher } from '../../src/operator/publish.ts';
import type { LedgerStore } from '../../src/ports/ledger-store.ts';
import { createManualClock } from '../gen/manual-clock.ts';

const PLATFORM: PlatformRecord = compilePlatform({}, new Map());
const TEAM = { kind: 'team', namespace: 'shop', name: 'core' } as const;

const desired = (budgets: { name: string; limit: string; period?: string }[]) =>
  compile({
    virtualKeys: [],
    teams: [{ namespace: 'shop', name: 'core', spec: { budgets } }],
    users: [],
    namespaces: new Map(),
    hashes: new Map(),
    holders: new Map(),
  });

async function setup(): Promise<{
  store: LedgerStore;
  publisher: ReturnType<typeof createPublisher>;
  count(): Promise<void>;
}> {
  const clock = createManualClock(Date.UTC(2026, 10, 25, 12));
  const store = createSqliteLedger({ clock, random: systemRandom }, { path: ':memory:' });
  const claimed = await store.writer.claim(NEW);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return {
    store,
    publisher: createPublisher(store, { term: claimed.term }),
    /** One admission, so that the daily budget counts under its definition. */
    async count() {
      const [record] = desired([{ name: 'daily', limit: '5', period: '1d' }]).records;
      const startSeconds = Date.UTC(2026, 10, 25) / 1000;
      const [budget] = record?.budgets ?? [];
      const outcome = await store.ledger.reserve({
        id: { proxy: 'p', seq: 1 },
        platformRevision: PLATFORM.revision,
        fromMs: clock.wallMs(),
        untilMs: clock.wallMs() + 5_000,
        free: false,
        hold: {
          admittedMs: clock.wallMs(),
          windowEndMs: (startSeconds + 86_400) * 1000,
          charges: [{ subject: TEAM, counter: 'u' }],
          amount: 1n,
          onLost: 1n,
        },
        groups: [
          {
            subject: TEAM,
            counter: 'u',
            revision: record?.revision ?? '',
            budgets: [
              {
                name: 'daily',
                window: { startSeconds, endSeconds: startSeconds + 86_400 },
                definition: budget?.definition ?? '',
                limit: budget?.limit ?? null,
                overdraft: 'Allow',
              },
            ],
          },
        ],
      });
      expect(outcome.kind).toBe('admitted');
    },
  };
}

it('publishes once: the same again writes nothing', async () => {
  const { publisher } = await setup();
  const daily = desired([{ name: 'daily', limit: '5', period: '1d' }]);
  expect(await publisher.publish(daily, PLATFORM)).toEqual({ kind: 'published', changed: 1, redefined: [] });
  expect(await publisher.publish(daily, PLATFORM)).toEqual({ kind: 'published', changed: 0, redefined: [] });
});

it('never writes a record that would redefine what is counted: the last good one stays, also while the ledger fails', async () => {
  const { store, publisher, count } = await setup();
  await publisher.publish(desired([{ name: 'daily', limit: '5', period: '1d' }]), PLATFORM);
  await count();
  const good = await store.records.get('r:team:shop/core');
  const outcome = await publisher.publish(desired([{ name: 'daily', limit: '5', period: '1mo' }]), PLATFORM);
  expect(outcome).toEqual({ kind: 'published', changed: 0, redefined: [{ subject: TEAM, budgets: ['daily'] }] });
  expect(await store.records.get('r:team:shop/core')).toBe(good);
});

it('a record that cannot be read is written again', async () => {
  const { store, publisher } = await setup();
  const daily = desired([{ name: 'daily', limit: '5', period: '1d' }]);
  await publisher.publish(daily, PLATFORM);
  const good = await store.records.get('r:team:shop/core');
  await store.records.put('r:team:shop/core', 'not a record');
  expect(await publisher.publish(daily, PLATFORM)).toMatchObject({ kind: 'published', changed: 1 });
  expect(await store.records.get('r:team:shop/core')).toBe(good);
});

it('a subject that is gone is refused from then on and counted on when it is back', async () => {
  const { store, publisher, count } = await setup();
  const daily = desired([{ name: 'daily', limit: '5', period: '1d' }]);
  await publisher.publish(daily, PLATFORM);
  await count();
  await publisher.publish(desired([]), PLATFORM);
  await publisher.publish({ ...desired([]), records: [] }, PLATFORM);
  const gone = await store.ledger.read([TEAM]);
  expect(gone.kind === 'read' && gone.subjects[0]?.revision).toMatch(/^!/);
  await publisher.publish(daily, PLATFORM);
  const back = await store.ledger.read([TEAM]);
  expect(back.kind === 'read' && back.subjects[0]?.held).toEqual({ u: 1n });
});
