import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readFolder } from './folder.ts';
import { resolveSecret } from './secret-source.ts';

let top: string;
let folder: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'budgetd-files-'));
  folder = join(top, 'manifests');
  mkdirSync(folder);
});
afterEach(() => rmSync(top, { recursive: true }));

function put(name: string, text: string | Uint8Array = 'a: 1'): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function names(): string[] {
  return readFolder(folder).files.map(({ path }) => path.slice(folder.length + 1));
}

test('manifests are found below the folder, sorted, other and hidden files are not', () => {
  mkdirSync(join(folder, 'b/c'), { recursive: true });
  mkdirSync(join(folder, '.git'));
  for (const name of ['z.yaml', 'b/c/d.yml', 'a.json', 'notes.md', '.hidden.yaml', '.git/x.yaml']) put(name);
  expect(names()).toEqual(['a.json', 'b/c/d.yml', 'z.yaml']);
  expect(readFolder(folder).problems).toEqual([]);
});

test('a mounted ConfigMap is read once although it is made of links', () => {
  mkdirSync(join(folder, '..2026'));
  put('..2026/key.yaml');
  symlinkSync('..2026', join(folder, '..data'));
  symlinkSync('..data/key.yaml', join(folder, 'key.yaml'));
  expect(names()).toEqual(['key.yaml']);
});

test('a link out of the folder, or to nothing, is a problem and is not read', () => {
  writeFileSync(join(top, 'outside.yaml'), 'secret: 1');
  mkdirSync(join(top, 'manifests-other'));
  writeFileSync(join(top, 'manifests-other/x.yaml'), 'secret: 1');
  symlinkSync('../outside.yaml', join(folder, 'out.yaml'));
  symlinkSync('../manifests-other/x.yaml', join(folder, 'prefix.yaml'));
  symlinkSync('nowhere', join(folder, 'dead.yaml'));
  const { files, problems } = readFolder(folder);
  expect(files).toEqual([]);
  expect(problems.map(({ message }) => message)).toEqual([
    'is a symbolic link to nothing',
    'is a symbolic link out of the folder and is not followed',
    'is a symbolic link out of the folder and is not followed',
  ]);
});

test('a file that is no UTF-8 text or is too large is a problem of its own', () => {
  put('latin.yaml', Uint8Array.of(0x61, 0x3a, 0xe9));
  truncateSync(put('large.yaml'), 4 * 1024 * 1024 + 1);
  put('bom.yaml', Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0x3a, 0x31));
  const { files, problems } = readFolder(folder);
  expect(files).toEqual([{ path: join(folder, 'bom.yaml'), text: 'a:1' }]);
  expect(problems.map(({ file, line }) => `${file}:${line}`)).toEqual([
    `${join(folder, 'large.yaml')}:0`,
    `${join(folder, 'latin.yaml')}:0`,
  ]);
});

test('folders that nest too deep are reported, not silently left out', () => {
  const deep = Array.from({ length: 20 }, () => 'd').join('/');
  mkdirSync(join(folder, deep), { recursive: true });
  expect(readFolder(folder).problems).toHaveLength(1);
});

test('a folder that is not there is a problem', () => {
  expect(readFolder(join(top, 'absent')).problems[0]?.message).toBe('is not a folder that can be read');
});

test('a secret comes from its variable or file, without the line break of an editor', () => {
  expect(resolveSecret({ env: 'KEY' }, { KEY: 'sk-1\n' })).toEqual({ kind: 'ok', secret: 'sk-1' });
  expect(resolveSecret({ file: put('key', ' sk-2\n') }, {})).toEqual({ kind: 'ok', secret: 'sk-2' });
});

test('a missing secret is named, and an empty one is missing', () => {
  expect(resolveSecret({ env: 'KEY' }, {})).toEqual({ kind: 'missing', reason: 'the variable KEY is not set' });
  expect(resolveSecret({ env: 'KEY' }, { KEY: ' ' }).kind).toBe('missing');
  expect(resolveSecret({ file: join(top, 'no') }, {})).toMatchObject({ kind: 'missing' });
  expect(resolveSecret({ file: put('empty', '\n') }, {})).toMatchObject({ kind: 'missing' });
});
