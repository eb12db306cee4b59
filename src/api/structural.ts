import { z } from 'zod';

/** A node of a structural schema (Kubernetes CRD, OpenAPI v3 subset). */
export interface Structural {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description: string;
  readonly properties?: Readonly<Record<string, Structural>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Structural;
  readonly items?: Structural;
  readonly enum?: readonly (string | number | boolean)[];
  readonly pattern?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly StructuralRule[];
}

export interface StructuralRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** A schema cannot be stated as a structural schema, or not well: a mistake in src/api. */
export class StructuralError extends Error {
  override readonly name = 'StructuralError';
}

type Json = Record<string, unknown>;

/**
 * The structural schema of a zod schema. Throws {@link StructuralError} for whatever an API server would refuse, ignore
 * or charge without bound: references, unions, nullable and floating point nodes, unbounded strings, lists and maps,
 * patterns outside RE2, and nodes without a description.
 *
 * @param where path of the schema, for error messages
 */
export function structural(schema: z.ZodType, where: string): Structural {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'throw',
    reused: 'inline',
  });
  return node(json, where);
}

const KEPT = new Set([
  'type',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'minimum',
  'maximum',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);
const REFUSED = [
  '$ref',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'nullable',
  'format',
  'exclusiveMinimum',
  'exclusiveMaximum',
];

function node(json: Json, where: string): Structural {
  const refused = REFUSED.find((key) => key in json);
  must(refused === undefined, where, `has ${refused}`);
  must(typeof json['description'] === 'string' && json['description'] !== '', where, 'has no description');
  const kept = Object.fromEntries(Object.entries(json).filter(([key]) => KEPT.has(key)));
  return { ...kept, ...typed(json, where) } as unknown as Structural;
}

/** The parts of a node that depend on its type, checked and made structural. */
function typed(json: Json, where: string): Json {
  switch (json['type']) {
    case 'string':
      return stringPart(json, where);
    case 'number':
      must(Array.isArray(json['enum']) && json['enum'].every(Number.isInteger), where, 'is a floating point number');
      return { type: 'integer', format: 'int32' };
    case 'integer':
      must(typeof json['minimum'] === 'number' && typeof json['maximum'] === 'number', where, 'has no bounds');
      return { format: Number(json['maximum']) > 2 ** 31 - 1 ? 'int64' : 'int32' };
    case 'boolean':
      return {};
    case 'array':
      return arrayPart(json, where);
    case 'object':
      return 'properties' in json ? objectPart(json, where) : mapPart(json, where);
    default:
      throw new StructuralError(`${where} has the type ${String(json['type'])}`);
  }
}

function stringPart(json: Json, where: string): Json {
  must('maxLength' in json || 'enum' in json, where, 'is text without a maxLength');
  if (typeof json['pattern'] !== 'string') return {};
  const pattern = json['pattern'].replaceAll('\\/', '/');
  const problem = re2Problem(pattern);
  must(problem === undefined, where, `has a pattern with ${problem}: ${pattern}`);
  return { pattern };
}

function arrayPart(json: Json, where: string): Json {
  must('maxItems' in json, where, 'is a list without maxItems');
  must('x-kubernetes-list-type' in json, where, 'is a list without x-kubernetes-list-type');
  const items = node(json['items'] as Json, `${where}[]`);
  const keys = (json['x-kubernetes-list-map-keys'] ?? []) as string[];
  for (const key of keys) {
    must(items.required?.includes(key) === true, where, `has a list-map key ${key} that is not required`);
    must(
      ['string', 'integer'].includes(items.properties?.[key]?.type ?? ''),
      where,
      `has a list-map key ${key} that is no scalar`,
    );
  }
  return { items };
}

function objectPart(json: Json, where: string): Json {
  // Beside properties the API server allows no additionalProperties; it prunes what it does not know.
  must(json['additionalProperties'] === false, where, 'is an object that takes unknown members');
  const properties: Record<string, Structural> = {};
  for (const [name, member] of Object.entries(json['properties'] as Record<string, Json>)) {
    must(!YAML_BOOLEANS.test(name), where, `has a member ${name}, which kubectl reads as a boolean`);
    properties[name] = node(member, `${where}.${name}`);
  }
  return { properties, additionalProperties: undefined };
}

function mapPart(json: Json, where: string): Json {
  must(typeof json['additionalProperties'] === 'object', where, 'is an object of unknown shape');
  must('maxProperties' in json, where, 'is a map without maxProperties');
  return { additionalProperties: node(json['additionalProperties'] as Json, `${where}[*]`) };
}

const YAML_BOOLEANS = /^(y|n|yes|no|on|off|true|false|null)$/i;

/** What of a JavaScript pattern Go's RE2 does not read, or reads in another way; undefined when nothing. */
export function re2Problem(pattern: string): string | undefined {
  if (!/^\^.*\$$/s.test(pattern)) return 'no anchors';
  if (/\(\?(?!:)/.test(pattern)) return 'a lookaround, a named group or flags';
  if (/\\[1-9k]/.test(pattern)) return 'a backreference';
  if (/\\[^pPdDwWnrt.\-[\](){}+*?^$|\\]/.test(pattern)) return 'an escape that only JavaScript reads';
  const repeats = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].flatMap(([, low, high]) => [
    Number(low),
    Number(high ?? 0),
  ]);
  return repeats.some((count) => count > 1000) ? 'a repetition above 1000' : undefined;
}

function must(condition: boolean, where: string, problem: string): void {
  if (!condition) throw new StructuralError(`${where} ${problem}`);
}
