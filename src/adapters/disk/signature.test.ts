import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { signatureOf } from './signature.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'budgetd-signature-'));

it('changes when a manifest is added, written, or removed below the folder, and not otherwise', () => {
  const root = folder();
  mkdirSync(join(root, 'team'));
  const seen = new Set([signatureOf([root])]);
  const file = join(root, 'team', 'a.yaml');
  writeFileSync(file, 'a');
  seen.add(signatureOf([root]));
  writeFileSync(file, 'ab');
  seen.add(signatureOf([root]));
  renameSync(file, join(root, 'a.txt'));
  expect(seen.size).toBe(3);
  expect(seen).toContain(signatureOf([root]));
});

it('changes when a mounted ConfigMap swaps its data', () => {
  const root = folder();
  for (const version of ['..v1', '..v2']) {
    mkdirSync(join(root, version));
    writeFileSync(join(root, version, 'a.yaml'), 'same');
  }
  symlinkSync('..v1', join(root, '..data'));
  symlinkSync('..data/a.yaml', join(root, 'a.yaml'));
  const before = signatureOf([root]);
  symlinkSync('..v2', join(root, '..tmp'));
  renameSync(join(root, '..tmp'), join(root, '..data'));
  expect(signatureOf([root])).not.toBe(before);
});

it('ends although links lead in a circle', () => {
  const root = folder();
  symlinkSync('.', join(root, 'loop'));
  symlinkSync('.', join(root, 'again'));
  expect(signatureOf([root])).toBe('');
});
