import { expect, test } from 'vitest';
import { createTestLog } from '../../test/gen/test-log.ts';
import type { KubeObject } from '../ports/kube.ts';
import { type CacheChange, createObjectCache } from './object-cache.ts';

interface Item {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly team: string;
}

function object(name: string, { uid = 'u1', version = '1', team = 'a' } = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Key', metadata: { namespace: 'ns', name, uid, resourceVersion: version }, team };
}

function make(changed: (change: CacheChange<Item>) => void = () => {}) {
  const changes: string[] = [];
  const log = createTestLog();
  const cache = createObjectCache<Item>(log, {
    project({ metadata: { namespace = '', name, uid = '', resourceVersion = '' }, team }) {
      if (name === 'odd') throw new Error('cannot be read');
      return { namespace, name, uid, resourceVersion, team: String(team) };
    },
    indexBy: ({ team }) => [team],
    changed(change) {
      changes.push(`${change.key} ${change.before?.uid ?? '-'} ${change.after?.uid ?? '-'}`);
      changed(change);
    },
  });
  return { cache, changes, log };
}

test('items are found by key and by name, and the index follows every change', () => {
  const { cache } = make();
  cache.put(object('one'));
  cache.put(object('two'));
  expect(cache.by('a').map(({ name }) => name)).toEqual(['one', 'two']);
  cache.put(object('one', { version: '2', team: 'b' }));
  cache.remove(object('two'));
  expect([cache.by('a'), cache.by('b').map(({ name }) => name), cache.size()]).toEqual([[], ['one'], 1]);
  expect(cache.get('ns/one')?.resourceVersion).toBe('2');
});

test('the same version again is no change', () => {
  const { cache, changes } = make();
  cache.put(object('one'));
  cache.put(object('one'));
  expect(changes).toEqual(['ns/one - u1']);
});

test('another uid under one name is two changes: it went, and it came', () => {
  const { cache, changes } = make();
  cache.put(object('one'));
  cache.put(object('one', { uid: 'u2', version: '5' }));
  expect(changes).toEqual(['ns/one - u1', 'ns/one u1 -', 'ns/one - u2']);
});

test('a complete list removes what it does not name', () => {
  const { cache, changes } = make();
  cache.put(object('one'));
  cache.put(object('two'));
  cache.retain(new Set(['ns/two']));
  expect([...cache.values()].map(({ name }) => name)).toEqual(['two']);
  expect(changes.at(-1)).toBe('ns/one u1 -');
});

test('an object that cannot be read, or a listener that throws, is passed over and said', () => {
  const { cache, log } = make(({ key }) => {
    if (key === 'ns/one') throw new Error('listener');
  });
  cache.put(object('odd'));
  cache.put(object('one'));
  cache.put(object('two'));
  expect([...cache.values()].map(({ name }) => name)).toEqual(['one', 'two']);
  expect(log.lines.filter((line) => line.startsWith('error'))).toHaveLength(2);
});
