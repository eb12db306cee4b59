import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { interpret } from '../api/manifest-reading.ts';
import { readYaml } from '../adapters/files/yaml-document.ts';
import { problemLine } from '../core/problem.ts';
import { loadConfig } from './config-file.ts';
import { loadManifests } from './manifests.ts';

const CONFIG = join(import.meta.dirname, '../../config');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'budgetd-manifests-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** Problems of the folder, without its path. */
function problems(): string[] {
  return loadManifests(folder).problems.map((problem) => problemLine(problem).replaceAll(`${folder}/`, ''));
}

const key = (name: string, spec = '{}'): string =>
  `apiVersion: budgetd.dev/v1alpha1\nkind: VirtualKey\nmetadata:\n  name: ${name}\nspec: ${spec}\n`;

describe.each(['samples', 'later'])('config/%s', (name) => {
  test('every sample is accepted', () => {
    const { objects, problems: found } = loadManifests(join(CONFIG, name));
    expect(found).toEqual([]);
    expect(objects.length).toBeGreaterThan(5);
  });
});

describe('config/invalid: one sample for each rule', () => {
  const files = readdirSync(join(CONFIG, 'invalid'));

  test.each(files)('%s', (name) => {
    const text = readFileSync(join(CONFIG, 'invalid', name), 'utf8');
    const expected = /^# expect: (.+)$/m.exec(text)?.[1];
    const { documents, faults } = readYaml(text);
    expect([documents.length, faults]).toEqual([1, []]);
    const { object, findings } = interpret(documents[0]?.value);
    expect(object).toBeUndefined();
    expect(findings.map(({ message }) => message).join('\n')).toContain(expected ?? 'a line "# expect: ..."');
  });
});

test('an object has its kind, its place and the default namespace', () => {
  put('a.yaml', `# first\n---\n${key('a')}`);
  const [object] = loadManifests(folder).objects;
  expect(object).toMatchObject({ kind: 'VirtualKey', namespace: 'default', name: 'a', value: { spec: {} } });
  expect(object?.source).toMatchObject({ file: join(folder, 'a.yaml'), line: 3 });
  expect(object?.source.lineOf(['metadata', 'name'])).toBe(6);
});

test('lists are flattened, and their fields keep their lines', () => {
  put(
    'list.yaml',
    'apiVersion: v1\nkind: List\nitems:\n- apiVersion: budgetd.dev/v1alpha1\n  kind: Team\n  metadata: {name: t}\n  spec: {}\n' +
      '- apiVersion: budgetd.dev/v1alpha1\n  kind: User\n  metadata: {name: u}\n  spec:\n    email: nobody\n',
  );
  expect(loadManifests(folder).objects.map(({ kind, name }) => [kind, name])).toEqual([['Team', 't']]);
  expect(problems()).toEqual([expect.stringMatching(/^list\.yaml:12: spec\.email: /)]);
});

test('an object that is there twice is an error that names both places, and the first one stays', () => {
  put('a.yaml', key('a', '{suspend: true}'));
  put('b.yaml', key('a', '{suspend: false}'));
  expect(problems()).toEqual(['b.yaml:4: metadata.name: VirtualKey default/a is already in a.yaml:1']);
  expect(loadManifests(folder).objects).toMatchObject([{ value: { spec: { suspend: true } } }]);
});

test('one wrong object does not hide the others', () => {
  put('a.yaml', `${key('a', '{budget: []}')}---\n${key('b')}---\nx: [\n`);
  expect(loadManifests(folder).objects.map(({ name }) => name)).toEqual(['b']);
  expect(problems()).toHaveLength(2);
});

test('other kinds are ignored with a warning, unknown kinds and versions of ours are errors', () => {
  put('a.yaml', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n');
  put('b.yaml', key('b').replace('v1alpha1', 'v1'));
  put('c.yaml', key('c').replace('VirtualKey', 'VirtualKeys'));
  put('d.yaml', 'just text\n');
  put('e.yaml', 'kind: Team\n');
  expect(problems()).toEqual([
    'a.yaml:2: kind: warning: apps/v1 Deployment is ignored',
    'b.yaml:1: apiVersion: "budgetd.dev/v1" is unknown; use budgetd.dev/v1alpha1',
    'c.yaml:2: kind: "VirtualKeys" is unknown; budgetd\'s kinds are VirtualKey, Team, User, Customer, BudgetAlertPolicy, BudgetAdjustment',
    'd.yaml:1: found no mapping; a manifest is an object with apiVersion, kind and metadata',
    "e.yaml:1: apiVersion: required; for budgetd's kinds it is budgetd.dev/v1alpha1",
  ]);
});

test('an empty member counts as absent, as it does for the API server, and is pointed out', () => {
  put('a.yaml', key('a', '\n  budgets:\n  models:\n  - gpt-5'));
  expect(loadManifests(folder).objects).toMatchObject([{ value: { spec: { models: ['gpt-5'] } } }]);
  expect(problems()).toEqual(['a.yaml:6: spec.budgets: warning: is empty and counts as absent']);
});

test('a Secret is read with data decoded and stringData over it', () => {
  put(
    's.yaml',
    'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aGk=, b: aGk=}\nstringData: {b: new}\ntype: Opaque\n',
  );
  const [secret] = loadManifests(folder).objects;
  const data = secret?.kind === 'Secret' ? secret.value.data : {};
  expect(Object.entries(data).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)])).toEqual([
    ['a', 'hi'],
    ['b', 'new'],
  ]);
});

test('a Secret that is not base64 is refused without showing it', () => {
  put('s.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  key: hunter2!\n');
  expect(problems()).toEqual(['s.yaml:5: data.key: is not base64; write plain text under stringData']);
});

test('a Namespace has its labels and no namespace', () => {
  put('n.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: prod}}\n');
  expect(loadManifests(folder).objects).toMatchObject([
    { kind: 'Namespace', namespace: '', name: 'shop', value: { metadata: { labels: { tier: 'prod' } } } },
  ]);
});

test('a mistake in budgetd.yaml has its file, line and field', () => {
  const file = put('budgetd.yaml', 'listen:\n  proxy: 14080\nledger:\n  sqlite: {path: x}\n');
  const reading = loadConfig(file);
  expect(reading.kind === 'invalid' && reading.problems.map(problemLine)).toEqual([
    `${file}:2: listen.proxy: found the number 14080; expected text: quote it, "14080"`,
  ]);
  expect(loadConfig(put('two.yaml', 'log: {}\n---\nlog: {}\n')).kind).toBe('invalid');
  expect(loadConfig(join(folder, 'absent.yaml')).kind).toBe('invalid');
  expect(loadConfig(put('empty.yaml', '# nothing\n'))).toMatchObject({ kind: 'ok', config: {} });
});
