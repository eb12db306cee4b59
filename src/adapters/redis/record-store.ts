import { PortError, type RecordStore } from '../../ports/record-store.ts';
import type { LedgerKeys } from './keys.ts';
import type { Link } from './link.ts';

/**
 * Compiled records as plain keys, with a set of their names so that listing them scans nothing else. The two are not
 * written in one step (in a cluster they lie in different slots): the order makes a name without a record possible,
 * never a record without a name.
 */
export function createRedisRecordStore(link: Link, keys: LedgerKeys): RecordStore {
  const { redis } = link;

  async function command<T>(work: () => Promise<T>): Promise<T> {
    const outcome = await link.attempt(work);
    if (outcome.kind === 'value') return outcome.value;
    if (outcome.kind === 'away') throw new PortError('records', true, outcome.cause);
    throw new PortError('records', false, outcome.kind === 'cold' ? 'cold' : outcome.what);
  }

  return {
    get: (name) => command(() => redis.get(keys.record(name))),
    getAll: (names) => command(() => Promise.all(names.map((name) => redis.get(keys.record(name))))),
    put: async (name, text) => {
      await command(() => redis.sadd(keys.recordNames, name));
      await command(() => redis.set(keys.record(name), text));
    },
    remove: async (name) => {
      await command(() => redis.del(keys.record(name)));
      await command(() => redis.srem(keys.recordNames, name));
    },
    names: async () => {
      const names = new Set<string>();
      let cursor = '0';
      do {
        const from = cursor;
        const [next, page] = await command(() => redis.sscan(keys.recordNames, from, 'COUNT', 1000));
        for (const name of page) names.add(name);
        cursor = next;
      } while (cursor !== '0');
      return [...names];
    },
  };
}
