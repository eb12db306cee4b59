import * as fc from 'fast-check';
import type { Structural } from '../../src/api/structural.ts';
import { edgesOf, ODD_CHARACTERS, STRANGE_MEMBERS } from './edges.ts';
import type { Json } from './specs.ts';

/*
 * Changes of one place in a value, chosen with the schema in hand: about half of them break it. What a change does to
 * the rest (cross-field rules) is nobody's concern here; the two judges have to agree about it.
 */

type Path = readonly (string | number)[];

/** One place of a value and the schema that holds there. */
interface Site {
  readonly path: Path;
  readonly node: Structural;
  readonly value: unknown;
  /** A rule binds the members here, or this member to its neighbours. */
  readonly ruled: boolean;
}

interface Hit {
  readonly site: number;
  readonly how: number;
  readonly amongRuled: boolean;
}

/** Instead of a value: the place is to be empty. */
const ABSENT = Symbol('absent');

function sitesOf(node: Structural, value: unknown, path: Path = [], ruledAbove = false): Site[] {
  const ruledHere = node['x-kubernetes-validations'] !== undefined;
  const here = { path, node, value, ruled: ruledHere || ruledAbove };
  if (Array.isArray(value) && node.items !== undefined) {
    const { items } = node;
    return [here, ...value.flatMap((item, index) => sitesOf(items, item, [...path, index]))];
  }
  if (!isMapping(value)) return [here];
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const schema = node.properties?.[name] ?? node.additionalProperties;
    return schema === undefined ? [] : sitesOf(schema, member, [...path, name], ruledHere);
  });
  return [here, ...inner];
}

/** Everything that may stand at a place instead of what does. */
function replacements({ node, value, path }: Site): unknown[] {
  const name = path.findLast((part) => typeof part === 'string') ?? '';
  const wrong = wrongTypes(node);
  // A wrong type is refused early and proves little: it stays rare.
  const rarely = [wrong[path.length % wrong.length], ABSENT];
  if (node.type === 'string' && typeof value === 'string') return [...rarely, ...texts(node, value, name)];
  if (node.type === 'integer' && typeof value === 'number') return [...rarely, ...integers(node, value)];
  if (node.type === 'boolean') return [...rarely, value !== true, String(value)];
  if (node.type === 'array' && Array.isArray(value)) return [...rarely, ...lists(node, value, name)];
  if (node.type === 'object' && isMapping(value)) return [...rarely, ...mappings(node, value)];
  return rarely;
}

function wrongTypes({ type }: Structural): unknown[] {
  const samples = { string: 'text', integer: 1, boolean: true, array: [], object: {} };
  return Object.entries(samples).flatMap(([other, sample]) => (other === type ? [] : [sample]));
}

function texts(node: Structural, value: string, name: string): string[] {
  const middle = Math.floor(value.length / 2);
  const odd = ODD_CHARACTERS.flatMap((one) => [value + one, value.slice(0, middle) + one + value.slice(middle)]);
  if (node.enum !== undefined) {
    return [...node.enum.map(String), value.toLowerCase(), `${value} `, ''];
  }
  const max = node.maxLength ?? 0;
  const stretched = (length: number): string => value.padEnd(length, value.at(-1) ?? 'a').slice(0, length);
  const edges = ['', stretched(max), stretched(max + 1), '😀'.repeat(max), '😀'.repeat(max + 1), value.slice(1)];
  const known = edgesOf(name);
  // Lists of equal weight: a known edge is worth more than one more odd character.
  return [...edges, ...odd, ...known, ...known, ...known];
}

function integers({ minimum = 0, maximum = 0 }: Structural, value: number): unknown[] {
  return [
    minimum,
    maximum,
    minimum - 1,
    maximum + 1,
    value + 0.5,
    value + 1e-11,
    -value,
    String(value),
    1e21,
    2 ** 53,
    0,
    1,
  ];
}

function lists(node: Structural, value: readonly unknown[], name: string): unknown[] {
  const [item] = value.length > 0 ? value : [node.items === undefined ? undefined : sampleOf(node.items, name)];
  const { maxItems = 0 } = node;
  const many = (count: number): unknown[] => Array.from({ length: count }, (_, index) => numbered(node, item, index));
  return [
    [],
    value.slice(1),
    value.toReversed(),
    [...value, item],
    [item, item],
    [value],
    many(2),
    many(maxItems),
    many(maxItems + 1),
  ];
}

/** The item under another identity. */
function numbered({ items, 'x-kubernetes-list-map-keys': keys }: Structural, item: unknown, index: number): unknown {
  if (isMapping(item)) {
    const own = (keys ?? []).map((key) => [key, typeof item[key] === 'number' ? index + 1 : `n${index}`]);
    return { ...item, ...(Object.fromEntries(own) as Json) };
  }
  if (items?.enum !== undefined) return items.enum[index % items.enum.length];
  return typeof item === 'string' && item.includes('@') ? `n${index}@b.example` : `n${index}`;
}

function mappings(node: Structural, value: Json): unknown[] {
  const without = Object.keys(value).map((name) => omitted(value, name));
  const { properties, additionalProperties, maxProperties = 0 } = node;
  if (properties === undefined) {
    const sample = additionalProperties === undefined ? 'a' : sampleOf(additionalProperties, '');
    const keys = [...STRANGE_MEMBERS, 'a'.repeat(63), 'a'.repeat(64), 'a/b', 'a/b/c', 'A_', '1a', 'a\n'];
    const many = (count: number): Json =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, sample]));
    return [
      {},
      many(maxProperties),
      many(maxProperties + 1),
      ...without,
      ...keys.map((key) => added(value, key, sample)),
    ];
  }
  const absent = Object.entries(properties).filter(([name]) => !Object.hasOwn(value, name));
  const known = absent.map(([name, schema]) => added(value, name, sampleOf(schema, name)));
  const strange = STRANGE_MEMBERS.map((name) => added(value, name, 'x'));
  const turned = exchanges(properties, value);
  return [{}, ...without, ...known, ...known, ...turned, ...turned, ...turned, ...strange];
}

/** Two members of one form with each other's values. */
function exchanges(properties: NonNullable<Structural['properties']>, value: Json): Json[] {
  const formOf = (name: string): string | undefined => properties[name]?.pattern;
  const names = Object.keys(value).filter((name) => formOf(name) !== undefined);
  const pairs = names.flatMap((one, index) =>
    names.slice(index + 1).flatMap((other) => (formOf(one) === formOf(other) ? [[one, other] as const] : [])),
  );
  return pairs.map(([one, other]) => added(added(value, one, value[other]), other, value[one]));
}

/** Something that fits a schema, rules between members aside. */
function sampleOf(node: Structural, name: string): unknown {
  if (node.enum !== undefined) return node.enum.at(-1);
  switch (node.type) {
    case 'string':
      return edgesOf(name)[0] ?? 'a';
    case 'integer':
      return node.minimum;
    case 'boolean':
      return false;
    case 'array':
      return node.items === undefined ? [] : [sampleOf(node.items, name)];
    case 'object':
      return Object.fromEntries(
        (node.required ?? []).map((member) => [member, sampleOf(node.properties?.[member] ?? node, member)]),
      );
  }
}

/** `__proto__` must become a member like any other, as JSON makes it one. */
function added(value: Json, name: string, member: unknown): Json {
  return Object.fromEntries([...Object.entries(value), [name, member]]);
}

function omitted(value: Json, name: string): Json {
  return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
}

function replaced(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => (index === first ? replaced(item, rest, by) : (item as unknown)));
    return items.filter((item) => item !== ABSENT);
  }
  const members = Object.entries(value as Json).map(([name, member]) => [
    name,
    name === first ? replaced(member, rest, by) : member,
  ]);
  return Object.fromEntries(members.filter(([, member]) => member !== ABSENT));
}

function isMapping(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const spread = fc.noBias(fc.nat());
const hit = fc.record({ site: spread, how: spread, amongRuled: fc.boolean() });
const hits: fc.Arbitrary<readonly Hit[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.array(hit, { minLength: 1, maxLength: 2 }) },
);

/** Values of a schema with none, one or two places changed, half of them where rules hold. */
export function damaged(node: Structural, values: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc
    .tuple(values, hits)
    .map(([value, changes]) => changes.reduce<Json>((now, change) => strike(node, now, change), value));
}

function strike(node: Structural, value: Json, { site, how, amongRuled }: Hit): Json {
  const all = sitesOf(node, value);
  const ruled = amongRuled ? all.filter((each) => each.ruled) : [];
  const sites = ruled.length > 0 ? ruled : all;
  const struck = sites[site % sites.length];
  if (struck === undefined) return value;
  const choices = replacements(struck);
  const by = choices[how % choices.length];
  if (struck.path.length === 0) return isMapping(by) ? by : value;
  return replaced(value, struck.path, by) as Json;
}
