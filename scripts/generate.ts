/**
 * Writes what is generated from src/api: crds/*.yaml and docs/reference/*.md.
 *
 * usage: node scripts/generate.ts [--check]
 *
 * --check writes nothing and fails with the names of the files that differ.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { customResourceDefinition } from '../src/api/crd.ts';
import { GROUP } from '../src/api/kind.ts';
import { KINDS } from '../src/api/kinds.ts';
import { configPage, kindPage } from '../src/api/reference-page.ts';

/** A CRD that client-side apply must store in an annotation may not be larger. */
const MAX_CRD_BYTES = 256 * 1024;
const FOLDERS = ['crds', 'docs/reference'];

const wanted = new Map<string, string>();
for (const kind of KINDS) {
  wanted.set(`crds/${GROUP}_${kind.plural}.yaml`, crdText(customResourceDefinition(kind)));
  wanted.set(`docs/reference/${kind.kind.toLowerCase()}.md`, kindPage(kind));
}
wanted.set('docs/reference/configuration.md', configPage());

const root = join(import.meta.dirname, '..');
const present = FOLDERS.flatMap((folder) =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : [],
);
const stale = present.filter((name) => !wanted.has(name));
const different = [...wanted].filter(
  ([name, text]) => !present.includes(name) || readFileSync(join(root, name), 'utf8') !== text,
);

if (process.argv.includes('--check')) {
  const names = [...different.map(([name]) => name), ...stale];
  for (const name of names) console.error(`${name} is not what src/api generates: run make crds`);
  process.exit(names.length === 0 ? 0 : 1);
}
for (const name of stale) rmSync(join(root, name));
for (const [name, text] of different) {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}
console.log(`${wanted.size} files generated, ${different.length} changed, ${stale.length} removed`);

/** In the form of controller-gen: sorted keys, and quotes wherever YAML 1.1 would read something else than text. */
function crdText(crd: object): string {
  const text = stringify(crd, { version: '1.1', sortMapEntries: true, lineWidth: 100, aliasDuplicateObjects: false });
  if (Buffer.byteLength(text) > MAX_CRD_BYTES) throw new Error(`a CRD has ${Buffer.byteLength(text)} bytes`);
  return `---\n${text.replace(/^%YAML 1\.1\n---\n/, '')}`;
}
