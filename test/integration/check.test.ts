import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCheck } from '../../src/commands/check.ts';

const CONFIG = join(import.meta.dirname, '../../config');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'budgetd-check-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

interface Outcome {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

async function check(...args: readonly string[]): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCheck(args, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out: out.map((line) => line.replaceAll(`${folder}/`, '')), err };
}

function object(kind: string, place: string, spec: string): string {
  const [namespace = '', name = ''] = place.split('/');
  return `apiVersion: budgetd.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
}

function checkWithConfig(...more: readonly string[]): Promise<Outcome> {
  return check(join(folder, 'manifests'), '--config', join(folder, 'budgetd.yaml'), ...more);
}

function namespaceManifest(tier: string): string {
  return `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: ${tier}}}\n`;
}

function config(team: string): string {
  return `platform:\n  mandatoryTeams:\n  - teamRef: {namespace: platform, name: ${team}}\n`;
}

test('the samples pass, with every reference resolved', async () => {
  expect(await check(join(CONFIG, 'samples'), '--strict-refs')).toEqual({
    code: 0,
    out: ['11 objects checked: 0 errors, 0 warnings'],
    err: [],
  });
});

test('what comes later is refused by name', async () => {
  const { code, out } = await check(join(CONFIG, 'later'), '--with', join(CONFIG, 'samples'));
  expect(code).toBe(1);
  expect(out.filter((line) => line.includes('NotYetSupported')).length).toBe(out.length - 1);
});

test('every problem is one line with file, line and field, in the order of the files, and the exit code is 1', async () => {
  put('b.yaml', object('User', 'people/u', '{email: nobody}'));
  put('a.yaml', object('Team', 'platform/t', '\n  budgets:\n  - name: b\n    limit: 5'));
  expect(await check(folder)).toEqual({
    code: 1,
    out: [
      'a.yaml:7: spec.budgets[0].limit: found the number 5; expected text: quote it, "5"',
      'b.yaml:4: spec.email: "nobody" is not one plain e-mail address such as ml@shop.example',
      '0 objects checked: 2 errors, 0 warnings',
    ],
    err: [],
  });
});

test('a missing Team or User is a warning, an error under --strict-refs, and nothing when --with has it', async () => {
  put('main/key.yaml', object('VirtualKey', 'shop/k', '\n  teamRef: {name: t}\n  userRef: {name: u}'));
  put('other/refs.yaml', `${object('Team', 'shop/t', '{}')}---\n${object('User', 'shop/u', '{}')}`);
  const main = join(folder, 'main');
  const lenient = await check(main);
  expect(lenient.code).toBe(0);
  expect(lenient.out).toEqual([
    'main/key.yaml:5: spec.teamRef: warning: Team shop/t is not among these manifests; calls are refused until it exists',
    'main/key.yaml:6: spec.userRef: warning: User shop/u is not among these manifests; calls are refused until it exists',
    '1 object checked: 0 errors, 2 warnings',
  ]);
  expect((await check(main, '--strict-refs')).code).toBe(1);
  expect(await check(main, '--strict-refs', '--with', join(folder, 'other'))).toMatchObject({
    code: 0,
    out: ['1 object checked: 0 errors, 0 warnings'],
  });
});

test('another namespace needs consent, by its labels where the target selects', async () => {
  const key = object('VirtualKey', 'shop/k', '{teamRef: {name: t, namespace: platform}}');
  const team = (allowed: string): string => `${key}---\n${object('Team', 'platform/t', allowed)}`;
  const selected = '{allowedNamespaces: {from: Selector, selector: {matchLabels: {tier: prod}}}}';

  put('a.yaml', team('{}'));
  expect((await check(folder)).out[0]).toBe(
    'a.yaml:4: spec.teamRef: Team platform/t does not allow namespace shop; widen its allowedNamespaces',
  );
  put('a.yaml', team('{allowedNamespaces: {from: All}}'));
  expect((await check(folder)).code).toBe(0);
  put('a.yaml', team(selected) + namespaceManifest('prod'));
  expect((await check(folder, '--strict-refs')).code).toBe(0);
  put('a.yaml', team(selected) + namespaceManifest('dev'));
  expect((await check(folder)).code).toBe(1);
  put('a.yaml', team(selected));
  expect((await check(folder)).out[0]).toContain('warning: whether Team platform/t consents depends on the labels');
  put('a.yaml', team(selected.replace('tier: prod', 'kubernetes.io/metadata.name: shop')));
  expect((await check(folder, '--strict-refs')).code).toBe(0);
});

test('a Secret that is there must be fit to be a key', async () => {
  const key = object('VirtualKey', 'shop/k', '{key: {type: SecretRef, secretRef: {name: s, key: api-key}}}');
  const secret = (label: string, entry: string): string =>
    `${key}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop, labels: {${label}}}\nstringData: {${entry}}\n`;
  const label = 'budgetd.dev/credential: virtual-key';
  const faults: [string, string, string][] = [
    ['', `api-key: ${'x'.repeat(32)}`, 'needs the label'],
    [label, `other: ${'x'.repeat(32)}`, 'has no entry api-key'],
    [label, `api-key: ${'x'.repeat(31)}`, 'is shorter than 32 characters'],
  ];
  for (const [labels, entry, message] of faults) {
    put('a.yaml', secret(labels, entry));
    expect((await check(folder)).out[0]).toContain(message);
  }
  put('a.yaml', secret(label, `api-key: ${'x'.repeat(32)}`));
  expect((await check(folder)).code).toBe(0);
});

test('two keys with one hash are an error', async () => {
  const hash = `{key: {type: Hash, hash: {sha256: "${'ab'.repeat(32)}"}}}`;
  put('a.yaml', `${object('VirtualKey', 'shop/a', hash)}---\n${object('VirtualKey', 'shop/b', hash)}`);
  expect((await check(folder)).out[0]).toBe(
    'a.yaml:9: spec.key.hash.sha256: the same key as VirtualKey shop/a; the first holder keeps it',
  );
});

test('the configuration is checked with the manifests', async () => {
  put('manifests/team.yaml', object('Team', 'platform/company', '{}'));
  put('budgetd.yaml', config('company'));
  expect(await checkWithConfig('--strict-refs')).toMatchObject({ code: 0 });
  put('budgetd.yaml', config('absent'));
  expect((await checkWithConfig()).out[0]).toContain(
    'budgetd.yaml:3: platform.mandatoryTeams[0].teamRef: warning: Team platform/absent',
  );
  expect((await checkWithConfig('--strict-refs')).code).toBe(1);
  put('budgetd.yaml', 'smtp: {}\n');
  expect((await checkWithConfig()).out[0]).toContain('budgetd.yaml:1: smtp: NotYetSupported');
});

test('wrong usage explains itself and is exit code 2', async () => {
  for (const args of [[], ['a', 'b'], ['--what'], ['a', '--with']]) {
    const { code, out, err } = await check(...args);
    expect([code, out]).toEqual([2, []]);
    expect(err.join('\n')).toContain('usage: budgetd check DIR');
  }
});

test('a folder that is not there is an error, also under --with', async () => {
  put('a.yaml', object('Team', 'platform/t', '{}'));
  expect((await check(join(folder, 'absent'))).code).toBe(1);
  expect((await check(folder, '--with', join(folder, 'absent'))).code).toBe(1);
});

test('the configuration to start from fits the samples', async () => {
  const { code, out } = await check(join(CONFIG, 'samples'), '--config', join(CONFIG, 'budgetd.yaml'), '--strict-refs');
  expect({ code, out }).toEqual({ code: 0, out: ['11 objects checked: 0 errors, 0 warnings'] });
});
