import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readIdentity } from './identity.ts';

const KEY = 'sk-bd-0123456789abcdefghijklmnopqrstuv';
const SHA256 = createHash('sha256').update(KEY).digest('hex');

describe('the virtual key', () => {
  it.each([
    ['Authorization: Bearer', { authorization: `Bearer ${KEY}` }],
    ['a lower-case scheme', { authorization: `bearer ${KEY}` }],
    ['x-api-key', { 'x-api-key': KEY }],
    ['api-key', { 'api-key': KEY }],
    ['x-goog-api-key', { 'x-goog-api-key': KEY }],
    ['the same key in two headers', { authorization: `Bearer ${KEY}`, 'x-api-key': KEY }],
  ])('is read from %s', (_, headers) => {
    expect(readIdentity(Object.entries(headers).flat())).toEqual({ kind: 'key', sha256: SHA256 });
  });

  it('is none when one header is sent twice with different keys', () => {
    const twice = ['Authorization', `Bearer ${KEY}`, 'authorization', 'Bearer sk-other-0123456789'];
    expect(readIdentity(twice)).toEqual({ kind: 'none', foreign: true });
  });

  it.each([
    ['no header', {}, false],
    ['another scheme', { authorization: `Basic ${KEY}` }, false],
    ['two different keys', { authorization: `Bearer ${KEY}`, 'x-api-key': 'sk-other-0123456789' }, true],
    ['a key of a megabyte', { 'x-api-key': 'k'.repeat(1_000_000) }, true],
    ['control characters', { 'x-api-key': 'sk-bd-\u0001' }, true],
    ['non-ASCII characters', { 'x-api-key': 'sk-bd-ß' }, true],
    ['an empty key', { 'x-api-key': '' }, true],
  ])('is not read from %s', (_, headers, foreign) => {
    expect(readIdentity(Object.entries(headers).flat())).toEqual({ kind: 'none', foreign });
  });
});
