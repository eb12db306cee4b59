import { expect, test } from 'vitest';
import {
  hashesOf,
  type IssuedKey,
  isRotationDue,
  nextKey,
  readIssuedKey,
  secretOf,
  secretPatch,
} from './issued-key.ts';
import { virtualKeyHash } from './virtual-key-secret.ts';

const NOON = Date.UTC(2026, 10, 25, 12);
const HOUR = 3_600_000;
const OWNER = { apiVersion: 'budgetd.dev/v1alpha1', kind: 'VirtualKey', namespace: 'shop', name: 'bot', uid: 'uid-1' };
const KEY = `sk-bd-${'a'.repeat(49)}`;
const NEXT = `sk-bd-${'b'.repeat(49)}`;
const AT = { name: 'bot-key', baseUrl: 'http://127.0.0.1:14080/v1', deletionPolicy: undefined };

const first = nextKey(KEY, { issue: 0, hashes: [] }, {}, NOON + 123);

function stored(issued: IssuedKey, policy?: 'Delete' | 'Retain') {
  const secret = secretOf(issued, OWNER, { ...AT, deletionPolicy: policy });
  return { ...secret, metadata: { ...secret.metadata, resourceVersion: '7' } };
}

test('a key reads back from its Secret as it was made, with its predecessors', () => {
  const second = nextKey(NEXT, { issue: first.issue, hashes: hashesOf(first, {}, NOON) }, { version: 2 }, NOON + HOUR);
  expect(readIssuedKey(stored(second), OWNER)).toEqual({ kind: 'issued', issued: second });
  expect(second).toMatchObject({ issue: 2, version: 2, createdMs: NOON + HOUR });
  expect(hashesOf(second, {}, NOON + HOUR)).toEqual([
    { sha256: virtualKeyHash(NEXT), validUntilMs: null },
    { sha256: virtualKeyHash(KEY), validUntilMs: NOON + 25 * HOUR },
  ]);
});

test('the overlap ends by itself, and at once when the object shortens it', () => {
  const second = nextKey(NEXT, { issue: 1, hashes: hashesOf(first, {}, NOON) }, {}, NOON);
  expect(hashesOf(second, {}, NOON + 24 * HOUR)).toHaveLength(1);
  expect(hashesOf(second, { overlap: '1h' }, NOON + HOUR - 1)).toHaveLength(2);
  expect(hashesOf(second, { overlap: '1h' }, NOON + HOUR)).toHaveLength(1);
  expect(hashesOf(second, { overlap: '48h' }, NOON + 30 * HOUR)).toHaveLength(1);
});

test('a higher version asks for another key once, and so does the time', () => {
  expect(isRotationDue(first, { version: 1 }, NOON)).toBe(false);
  expect(isRotationDue(first, { version: 2 }, NOON)).toBe(true);
  const rotated = nextKey(NEXT, { issue: 1, hashes: [] }, { version: 2 }, NOON);
  expect(isRotationDue(rotated, { version: 2 }, NOON)).toBe(false);
  expect(isRotationDue(first, { every: '1h' }, NOON + HOUR - 1000)).toBe(false);
  expect(isRotationDue(first, { every: '1h' }, NOON + HOUR)).toBe(true);
});

test('a rotation by time leaves the version free to be raised', () => {
  const byTime = nextKey(NEXT, { issue: 1, hashes: [] }, { every: '1h' }, NOON + HOUR);
  expect(byTime).toMatchObject({ issue: 2, version: 1 });
  expect(isRotationDue(byTime, { every: '1h', version: 2 }, NOON + HOUR)).toBe(true);
});

test('a Secret of somebody else is not touched, whatever it is called', () => {
  const secret = stored(first);
  const metadata = { ...secret.metadata, ownerReferences: [] };
  const foreignOwner = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'bot', uid: 'x', controller: true }];
  const read = (changes: object) => readIssuedKey({ ...secret, metadata: { ...secret.metadata, ...changes } }, OWNER);
  expect(read({ labels: {} })).toEqual({ kind: 'foreign' });
  expect(read({ ownerReferences: foreignOwner })).toEqual({ kind: 'foreign' });
  expect(readIssuedKey({ ...secret, metadata: { ...metadata, annotations: {} } }, OWNER)).toEqual({ kind: 'foreign' });
});

test('the Secret of a deleted namesake is waited for; a retained one is taken over', () => {
  const again = { ...OWNER, uid: 'uid-2' };
  expect(readIssuedKey(stored(first), again)).toEqual({ kind: 'leaving' });
  expect(readIssuedKey(stored(first, 'Retain'), again)).toEqual({ kind: 'issued', issued: first });
});

test('a Secret without a usable key is damaged, not foreign', () => {
  expect(readIssuedKey({ ...stored(first), data: {} }, OWNER)).toEqual({ kind: 'damaged' });
  expect(readIssuedKey({ ...stored(first), data: { 'api-key': 'c2hvcnQ=' } }, OWNER)).toEqual({ kind: 'damaged' });
});

test('an unchanged Secret is not written; a change is bound to the version that was read', () => {
  expect(secretPatch(stored(first), secretOf(first, OWNER, AT))).toBeNull();
  const second = nextKey(NEXT, { issue: 1, hashes: hashesOf(first, {}, NOON) }, {}, NOON);
  expect(secretPatch(stored(first), secretOf(second, OWNER, AT))).toMatchObject({ metadata: { resourceVersion: '7' } });
  expect(secretPatch(stored(first), secretOf(first, OWNER, { ...AT, deletionPolicy: 'Retain' }))).toMatchObject({
    metadata: { ownerReferences: [] },
  });
  expect(secretPatch(stored(first), secretOf(first, OWNER, { ...AT, baseUrl: 'http://gateway/v1' }))).not.toBeNull();
});
