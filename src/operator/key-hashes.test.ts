import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKeyFiles } from '../adapters/disk/key-files.ts';
import { systemRandom } from '../adapters/random/system-random.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import { type KeySecret, obtainKeys } from './key-hashes.ts';
import { virtualKeyHash } from './virtual-key-secret.ts';

const LABELS = { 'budgetd.dev/credential': 'virtual-key' };
const KEY = 'sk-company-0123456789abcdef0123456789';

function obtain(spec: VirtualKeySpec, secret?: KeySecret, folder = mkdtempSync(join(tmpdir(), 'budgetd-keys-'))) {
  const vault = createKeyFiles(folder);
  const declared = [{ namespace: 'shop', name: 'bot', spec }];
  return { folder, ...obtainKeys({ vault, random: systemRandom, secret: () => secret }, declared) };
}

describe('a generated key', () => {
  it('is made once, kept with mode 0600, and found again', () => {
    const first = obtain({});
    const [created] = first.created;
    expect(statSync(created?.path ?? '').mode & 0o777).toBe(0o600);
    const key = readFileSync(created?.path ?? '', 'utf8').trim();
    expect(key).toMatch(/^sk-bd-[A-Za-z0-9_-]{49}$/);
    const second = obtain({}, undefined, first.folder);
    expect(second.created).toEqual([]);
    expect(second.hashes).toEqual(first.hashes);
    expect(second.hashes.get('vkey/shop/bot')).toEqual([{ sha256: virtualKeyHash(key), validUntilMs: null }]);
  });
});

describe('a key in a Secret', () => {
  const spec: VirtualKeySpec = { key: { type: 'SecretRef', secretRef: { name: 's', key: 'api-key' } } };
  const secret = (text: string, labels: Record<string, string> = LABELS): KeySecret => ({
    labels,
    data: { 'api-key': Buffer.from(text) },
  });

  it('is read from it', () => {
    expect(obtain(spec, secret(`${KEY}\n`)).hashes.get('vkey/shop/bot')?.[0]?.sha256).toBe(virtualKeyHash(KEY));
  });

  it.each<[string, KeySecret | undefined, string]>([
    ['a Secret that is not there', undefined, 'there is no Secret "s"'],
    [
      'a Secret without the consenting label',
      secret(KEY, {}),
      'must carry the label budgetd.dev/credential: virtual-key',
    ],
    ['another entry only', { labels: LABELS, data: { other: Buffer.from(KEY) } }, 'has no entry "api-key"'],
    ['a short key', secret('short'), 'at least 32 printable'],
    ['a key with spaces', secret(`${KEY} ${KEY}`), 'at least 32 printable'],
    ['a binary value', { labels: LABELS, data: { 'api-key': new Uint8Array(64).fill(255) } }, 'at least 32 printable'],
  ])('is not had from %s, and says so without the value', (_, found, message) => {
    const { hashes, findings } = obtain(spec, found);
    expect(hashes.size).toBe(0);
    expect(findings[0]?.message).toContain(message);
    expect(JSON.stringify(findings)).not.toContain(KEY);
  });
});

it('a key known only by its hash needs nothing else', () => {
  const { hashes } = obtain({ key: { type: 'Hash', hash: { sha256: 'ab'.repeat(32) } } });
  expect(hashes.get('vkey/shop/bot')).toEqual([{ sha256: 'ab'.repeat(32), validUntilMs: null }]);
});
