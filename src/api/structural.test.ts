import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { choice, integer, list, listMap, map, object, text } from './field.ts';
import { SHORT_NAME } from './form.ts';
import { KINDS } from './kinds.ts';
import { withRules } from './rule.ts';
import { re2Problem, type Structural, structural, StructuralError } from './structural.ts';

const name = text('Name.', SHORT_NAME);
const described = <S extends z.ZodType>(schema: S): S => schema.meta({ ...schema.meta(), description: 'Described.' });

/** Schemas that an API server would refuse, ignore or charge without bound. */
const FAULTS: readonly (readonly [string, z.ZodType, string])[] = [
  ['text without a bound', described(z.string()), 'x is text without a maxLength'],
  ['a list without a bound', described(z.array(name)), 'x is a list without maxItems'],
  ['a list without a type', described(z.array(name).max(3)), 'x is a list without x-kubernetes-list-type'],
  ['a map without a bound', described(z.record(z.string(), name)), 'x is a map without maxProperties'],
  ['a floating point number', described(z.number()), 'x is a floating point number'],
  ['a number without bounds', described(z.union([z.int()])), 'x has anyOf'],
  ['an alternative', described(z.union([name, z.boolean()])), 'x has anyOf'],
  ['a nullable node', described(name.nullable()), 'x has nullable'],
  ['a format that nobody checks', described(z.email().max(9)), 'x has format'],
  ['an object that takes anything', described(z.looseObject({})), 'x is an object that takes unknown members'],
  ['a map of anything', described(z.record(z.string(), z.unknown())), 'x'],
  ['a node without description', object('Object.', { inner: z.boolean() }), 'x.inner has no description'],
  ['an item without description', list('List.', z.boolean(), { max: 3 }), 'x[] has no description'],
  ['a member that kubectl reads as a boolean', object('Object.', { on: name }), 'x has a member on'],
  ['a lookahead', text('Text.', { pattern: /^(?!a)b$/, max: 3, expected: 'b' }), 'a lookaround'],
  [
    'a list-map key that may be absent',
    listMap('List.', object('Item.', { name: name.exactOptional() }), { key: 'name', max: 3 }),
    'that is not required',
  ],
  [
    'a list-map key that is no scalar',
    listMap('List.', object('Item.', { name: object('Object.', {}) }), { key: 'name', max: 3 }),
    'that is no scalar',
  ],
];

describe('what cannot be a good structural schema stops the generator', () => {
  test.each(FAULTS)('%s', (_, schema, message) => {
    expect(() => structural(schema, 'x')).toThrow(StructuralError);
    expect(() => structural(schema, 'x')).toThrow(message);
  });

  test('a reference', () => {
    const node: z.ZodType = z.lazy(() => object('Node.', { children: list('Children.', node, { max: 2 }) }));
    expect(() => structural(node, 'x')).toThrow('$ref');
  });
});

test.each([
  ['^a$', undefined],
  ['^(?:a|b){1,1000}$', undefined],
  ['^\\P{Cc}*$', undefined],
  ['a$', 'no anchors'],
  ['^(?=a)a$', 'a lookaround, a named group or flags'],
  ['^(?<x>a)$', 'a lookaround, a named group or flags'],
  ['^(a)\\1$', 'a backreference'],
  ['^\\u0041$', 'an escape that only JavaScript reads'],
  ['^a{1001}$', 'a repetition above 1000'],
])('a pattern outside RE2 is found: %s', (pattern, problem) => {
  expect(re2Problem(pattern)).toBe(problem);
});

test('rules attached one after the other all reach the API server', () => {
  const inner = object('Object.', { kind: choice('Kind.', ['A']) }, [{ cel: 'first', message: 'first' }]);
  const both = withRules(inner, [{ cel: 'second', message: 'second', field: 'kind' }]);
  expect(structural(both, 'x')['x-kubernetes-validations']).toEqual([
    { rule: 'first', message: 'first' },
    { rule: 'second', message: 'second', fieldPath: '.kind' },
  ]);
});

test('a node keeps its bounds and loses what the API server does not allow beside properties', () => {
  const schema = object('Object.', {
    count: integer('Count.', { min: 0, max: 3 }),
    labels: map('Labels.', name, { max: 2, keys: SHORT_NAME }).exactOptional(),
  });
  expect(structural(schema, 'x')).toMatchObject({
    type: 'object',
    required: ['count'],
    additionalProperties: undefined,
    properties: {
      count: { type: 'integer', format: 'int32', minimum: 0, maximum: 3 },
      labels: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string', maxLength: 32 } },
    },
  });
});

describe.each(KINDS.map((kind) => [kind.kind, kind] as const))('%s', (_, definition) => {
  const root = { spec: structural(definition.spec, 'spec'), status: structural(definition.status, 'status') };

  test('every selectable field is a scalar of the schema', () => {
    for (const path of definition.selectableFields) {
      expect(['string', 'integer', 'boolean'], path).toContain(nodeAt(root, path)?.type);
    }
  });

  test('every printer column shows a field of the schema', () => {
    const own = definition.columns.filter(({ path }) => !path.startsWith('.metadata') && !path.includes('['));
    for (const { path } of own) expect(nodeAt(root, path)?.type, path).toBeDefined();
  });
});

function nodeAt(root: Readonly<Record<string, Structural>>, path: string): Structural | undefined {
  const [first = '', ...rest] = path.split('.').slice(1);
  return rest.reduce<Structural | undefined>((node, member) => node?.properties?.[member], root[first]);
}
