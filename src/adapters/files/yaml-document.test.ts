import { expect, test } from 'vitest';
import { readYaml } from './yaml-document.ts';

function values(text: string): unknown[] {
  const { documents, faults: found } = readYaml(text);
  expect(found).toEqual([]);
  return documents.map(({ value }) => value);
}

function faults(text: string): string[] {
  return readYaml(text).faults.map(({ line, path, message }) => `${line} ${path.join('.')}: ${message}`);
}

test('every field is found on its line, also behind other documents and through its parents', () => {
  const [, second] = readYaml('a: 1\n---\n# comment\nspec:\n  budgets:\n  - name: b\n    limit: 5\n').documents;
  expect(second?.line).toBe(4);
  expect(second?.lineOf(['spec', 'budgets', 0, 'limit'])).toBe(7);
  expect(second?.lineOf(['spec', 'budgets', 0])).toBe(6);
  expect(second?.lineOf(['spec', 'budgets', 0, 'period'])).toBe(6);
  expect(second?.lineOf(['metadata', 'name'])).toBe(4);
});

test('documents are split as kubectl splits them', () => {
  expect(values('---\na: 1\n--- # next\nb: 2\n---\n')).toEqual([null, { a: 1 }, { b: 2 }, null]);
  expect(values('text: |\n  ---\n  x\n')).toEqual([{ text: '---\nx\n' }]);
});

test('what follows the end of a document is refused: kubectl would silently drop it', () => {
  expect(faults('a: 1\n...\nb: 2\n')).toEqual([
    '3 : kubectl reads nothing after the end of this document; begin the next one with a line ---',
  ]);
});

test('quoted and folded text is never resolved', () => {
  expect(values(`a: "yes"\nb: '010'\nc: !!str 1e3\nd: |\n  1\ne: >-\n  on\n`)).toEqual([
    { a: 'yes', b: '010', c: '1e3', d: '1\n', e: 'on' },
  ]);
});

test('keys: numbers become text, booleans and null are refused, whatever their spelling', () => {
  expect(values('1: a\n0x10: b\n')).toEqual([{ 1: 'a', 16: 'b' }]);
  expect(faults('spec:\n  on: push\n')).toEqual(['2 spec: the key on is the boolean true in YAML 1.1; quote it']);
  expect(faults('~: a\n')).toEqual(['1 : a key must be text; quote it']);
  expect(faults('? [a]\n: b\n')).toEqual(['1 : a key must be text; quote it']);
});

test('a key that is there twice is refused at its second place', () => {
  expect(faults('spec:\n  a: 1\n  "a": 2\n')).toEqual(['3 spec.a: this key is there twice; keep one of them']);
  expect(faults('1: a\n"1": b\n')).toEqual(['2 1: this key is there twice; keep one of them']);
});

test('anchors and merges read as kubectl reads them; a merge that would override is refused', () => {
  expect(values('base: &b {x: 1, y1: 2}\nuse: {<<: *b, x: 3}\nboth: {<<: [*b, {x: 9, z: 4}]}\nsame: *b\n')).toEqual([
    { base: { x: 1, y1: 2 }, use: { x: 3, y1: 2 }, both: { x: 1, y1: 2, z: 4 }, same: { x: 1, y1: 2 } },
  ]);
  expect(faults('b: &b {x: 1}\nc:\n  x: 2\n  <<: *b\n')).toEqual([
    '4 c.x: this merge overrides a key written before it; put << first',
  ]);
  expect(faults('a: *nowhere\n').join()).toContain('1 ');
});

test('anchors cannot multiply a small file into a large one', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    bomb.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  expect(faults(bomb.join('\n'))).toHaveLength(1);
  expect(faults('a: &a [*a]\n')).toHaveLength(1);
  expect(faults(`a: &a [${'x, '.repeat(1000)}]\nb: [${'*a, '.repeat(300)}]\n`)).toHaveLength(1);
  expect(faults(`a: &a x\nb: [${'*a, '.repeat(1001)}]\n`)).toHaveLength(1);
  expect(faults(`a: ${'['.repeat(100)}${']'.repeat(100)}`)).toHaveLength(1);
});

test('a name that JavaScript gives a meaning is a name like any other', () => {
  const [value] = values('__proto__: {polluted: a}\nconstructor: b\n');
  expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
  expect(({} as { polluted?: string }).polluted).toBeUndefined();
});

test('JSON is read with positions and without YAML readings', () => {
  const reading = readYaml('{\n\t"a": "yes",\n\t"b": [1e3, true, null, "\\u00e9\\/"]\n}\n');
  expect(reading.faults).toEqual([]);
  expect(reading.documents[0]?.value).toEqual({ a: 'yes', b: [1000, true, null, 'é/'] });
  expect(reading.documents[0]?.lineOf(['b', 0])).toBe(3);
  expect(faults('{a: 1}')).toEqual([expect.stringContaining('must be one JSON object')]);
  expect(faults('{"a": 1, "a": 2}')).toEqual(['1 a: this key is there twice; keep one of them']);
});

test('a syntax error has its line, and the other documents are read', () => {
  const { documents, faults: found } = readYaml('a: 1\n---\nb: [1\n---\nc: 3\n');
  expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, { c: 3 }]);
  expect(found).toHaveLength(1);
  expect(found[0]?.message).toMatch(/^not YAML: /);
});

test('values that JSON cannot hold are refused', () => {
  expect(faults('a: .inf\n')).toEqual(['1 a: .inf is no JSON number']);
  expect(faults('a: !!binary aGk=\n')).toEqual(['1 a: the value has a YAML tag; write it without one']);
});
