/** The reading of YAML is compared with the kubectl on PATH; without one the suite says so and is skipped. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readYaml } from '../../src/adapters/files/yaml-document.ts';

const HAS_KUBECTL = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!HAS_KUBECTL) console.warn('SKIPPED: no kubectl on PATH, the reading of YAML is not compared with it');

const RUNS = process.env['BUDGETD_NIGHTLY'] === undefined ? 10 : 200;
const HEAD = 'apiVersion: v1\nkind: Sample\nmetadata: {name: sample}\n';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'budgetd-kubectl-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What kubectl makes of the member `value` of an object; undefined when it refuses the text. */
function kubectlReads(text: string): unknown {
  const file = join(folder, 'sample.yaml');
  writeFileSync(file, HEAD + text);
  // A local patch of nothing decodes any kind and prints it, without a cluster.
  const args = ['patch', '--local', '-f', file, '--type=merge', '-p', '{}', '-o', 'json'];
  const run = spawnSync('kubectl', args, { encoding: 'utf8', env: { ...process.env, KUBECONFIG: '/dev/null' } });
  return run.status === 0 ? (JSON.parse(run.stdout) as { value?: unknown }).value : undefined;
}

function budgetdReads(text: string): unknown {
  const { documents, faults } = readYaml(HEAD + text);
  return faults.length > 0 ? undefined : (documents[0]?.value as { value?: unknown } | undefined)?.value;
}

const WORDS = ['y', 'yes', 'n', 'no', 'on', 'off', 'true', 'false', 'null', '~', 'nan'];
const QUOTED = ['"yes"', "'010'", '"1e3"', '"a\\u00e9\\x41\\n"', "'it''s'", '!!str 010', "''"];
const INTEGERS =
  '010 0o17 0x1F 0b11 -0b11 +0x1f 1_000 1__0 _1 1_ 0x_1 08 019 0o8 00 -0 +1 --1 12345678901234567890 123456789012345678901';
const OTHERS =
  '1e3 1E3 1e+3 .5 5. +.5 .5_0 1_0.5_0 -.0 1e400 0x1p4 1.2.3 190:20:30 2026-01-01 2026-01-01T00:00:00Z = 1d 1mo 1,5 a#b';
const SCALARS = [
  ...WORDS.flatMap((word) => [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1), `${word}x`]),
  ...INTEGERS.split(' '),
  ...OTHERS.split(' '),
  ...QUOTED,
];

const TEXTS = [
  'value: {a: &x {b: 1, c: 2}, d: {<<: *x, b: 3}, e: {<<: [*x, {b: 9, f: 4}]}, g: *x}\n',
  'value: {1: a, 0x10: b, 2026-01-01: c, "yes": d}\n',
  'value: |\n  a\n   b\n\n  c\n',
  'value: >-\n  a\n  b\n\n  c\n',
  'value: |+\n  a\n\n',
  'value:\n- - 1\n  - yes\n-\n- {a, b: c}\n',
  'value: first\n  second\n  third # comment\n',
  'value: "first\n  second \\\n  third"\n',
  '? value\n: 5\n',
  'value: [a, b,]\n',
];

function like(alphabet: string): fc.Arbitrary<string> {
  const character = fc.constantFrom(...alphabet.split(''));
  return fc.array(character, { minLength: 1, maxLength: 8 }).map((characters) => characters.join(''));
}

describe.skipIf(!HAS_KUBECTL)('YAML reads as kubectl reads it', () => {
  test.each(SCALARS)('the scalar %s', (scalar) => {
    const text = `value: ${scalar}\n`;
    expect(budgetdReads(text)).toEqual(kubectlReads(text));
  });

  test.each(TEXTS)('the text %j', (text) => {
    const expected = kubectlReads(text);
    expect(expected).toBeDefined();
    expect(budgetdReads(text)).toEqual(expected);
  });

  test('any number-like or word-like scalar', () => {
    const scalar = fc
      .oneof(
        like('01789_+-.eE'),
        like('0xXbBoO1aF_-'),
        like('yYeEsSnNoOfFtTrRuUlL'),
        fc.double().map(String),
        fc.bigInt().map(String),
      )
      // A lone dash opens a list; what JSON cannot hold has a test of its own.
      .filter((text) => !/^-+$/.test(text) && !/^[-+]?\.(inf|nan)$/i.test(text));
    fc.assert(
      fc.property(fc.array(scalar, { minLength: 200, maxLength: 200 }), (scalars) => {
        const text = `value:\n${scalars.map((each) => `- ${each}\n`).join('')}`;
        expect(budgetdReads(text)).toEqual(kubectlReads(text));
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  test('what kubectl refuses is refused', () => {
    for (const text of [
      'value: .inf\n',
      'value: {~: a}\n',
      'value: {? [1] : 2}\n',
      'value: [1\n',
      'value: *nowhere\n',
    ]) {
      expect([text, kubectlReads(text), budgetdReads(text)]).toEqual([text, undefined, undefined]);
    }
  });
});
