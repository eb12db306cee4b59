import { z } from 'zod';
import type { FieldPath, Finding } from '../core/problem.ts';
import { read } from './explain.ts';
import { quoted, text, type TextForm } from './field.ts';
import { LONG_OBJECT_NAME, NAMESPACE, OBJECT_NAME } from './form.ts';
import { API_VERSION, GROUP } from './kind.ts';
import { KINDS } from './kinds.ts';
import type { ManifestKind, ManifestValues, Metadata } from './manifest.ts';

/** One object found in a document: its data and where in the document it stands. */
export interface RawObject {
  readonly data: unknown;
  readonly path: FieldPath;
}

/** An object without its source. */
export type Interpreted = {
  [K in ManifestKind]: {
    readonly kind: K;
    readonly namespace: string;
    readonly name: string;
    readonly value: ManifestValues[K];
  };
}[ManifestKind];

export interface Interpretation {
  /** Absent when the object is ignored or invalid. */
  readonly object?: Interpreted;
  readonly findings: readonly Finding[];
}

/** The objects of a document: itself, or the items of a list, as kubectl flattens them. */
export function objectsOf(data: unknown, path: FieldPath = []): RawObject[] {
  if (data === null || data === undefined) return [];
  if (!isMapping(data) || !String(data['kind']).endsWith('List') || !Array.isArray(data['items']))
    return [{ data, path }];
  return data['items'].flatMap((item, index) => objectsOf(item, [...path, 'items', index]));
}

/**
 * Reads one object of a manifest with every check that the API server would make, and sentences for what is wrong.
 * Kinds that budgetd does not read are ignored with a warning.
 */
export function interpret(data: unknown): Interpretation {
  if (!isMapping(data))
    return failed([], 'found no mapping; a manifest is an object with apiVersion, kind and metadata');
  const { apiVersion, kind } = data;
  if (typeof apiVersion !== 'string')
    return failed(['apiVersion'], `required; for budgetd's kinds it is ${API_VERSION}`);
  if (typeof kind !== 'string') return failed(['kind'], `required; budgetd's kinds are ${kindNames()}`);
  if (apiVersion === 'v1' && kind === 'Secret') return readSecret(data);
  if (apiVersion === 'v1' && kind === 'Namespace') return readNamespace(data);
  if (apiVersion !== GROUP && !apiVersion.startsWith(`${GROUP}/`)) {
    return { findings: [{ severity: 'warning', path: ['kind'], message: `${apiVersion} ${kind} is ignored` }] };
  }
  if (apiVersion !== API_VERSION) return failed(['apiVersion'], `${quoted(apiVersion)} is unknown; use ${API_VERSION}`);
  const schema = RESOURCES.get(kind);
  return schema === undefined
    ? failed(['kind'], `${quoted(kind)} is unknown; budgetd's kinds are ${kindNames()}`)
    : readResource(kind, schema, data);
}

/** Other members (uid, ownerReferences, ...) belong to the API server. */
function metadataSchema(name: TextForm): z.ZodType<Metadata> {
  return z.looseObject({
    name: text('Name.', name),
    namespace: text('Namespace.', NAMESPACE).exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  });
}

type ResourceSchema = z.ZodType<{ readonly metadata: Metadata; readonly spec: unknown }>;

/** Whole objects by kind. Made once: zod compiles a schema at its first use. */
const RESOURCES: ReadonlyMap<string, ResourceSchema> = new Map(
  KINDS.map(({ kind, spec }) => [
    kind,
    z.strictObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: metadataSchema(OBJECT_NAME),
      spec,
      status: z.unknown().optional(),
    }),
  ]),
);

function readResource(kind: string, schema: ResourceSchema, data: Mapping): Interpretation {
  const findings: Finding[] = [];
  const reading = read(schema, membersOf(data, [], findings));
  if (reading.kind === 'invalid') return { findings: [...findings, ...reading.findings] };
  if (findings.some(({ severity }) => severity === 'error')) return { findings };
  const { metadata, spec } = reading.value;
  // The schema belongs to the kind, which the compiler cannot see across the table.
  const object = { kind, ...placed(metadata), value: { metadata, spec } } as Interpreted;
  return { object, findings };
}

const base64 = z.string().superRefine((value, context) => {
  try {
    Uint8Array.fromBase64(value);
  } catch {
    // The value is not quoted: it may be a secret that was meant for stringData.
    context.addIssue({ code: 'custom', message: 'is not base64; write plain text under stringData' });
  }
});

const secretSchema = z.looseObject({
  metadata: metadataSchema(LONG_OBJECT_NAME),
  data: z.record(z.string(), base64).optional(),
  stringData: z.record(z.string(), z.string()).optional(),
});

function readSecret(data: Mapping): Interpretation {
  const reading = read(secretSchema, membersOf(data, [], []));
  if (reading.kind === 'invalid') return { findings: reading.findings };
  const { metadata, data: encoded = {}, stringData = {} } = reading.value;
  const entries = [
    ...Object.entries(encoded).map(([key, value]) => [key, Uint8Array.fromBase64(value)] as const),
    ...Object.entries(stringData).map(([key, value]) => [key, new TextEncoder().encode(value)] as const),
  ];
  const value = { metadata, data: Object.fromEntries(entries) };
  return { object: { kind: 'Secret', ...placed(metadata), value }, findings: [] };
}

const namespaceSchema = z.looseObject({ metadata: metadataSchema(NAMESPACE) });

function readNamespace(data: Mapping): Interpretation {
  const reading = read(namespaceSchema, membersOf(data, [], []));
  if (reading.kind === 'invalid') return { findings: reading.findings };
  const { metadata } = reading.value;
  return { object: { kind: 'Namespace', namespace: '', name: metadata.name, value: { metadata } }, findings: [] };
}

function placed(metadata: Metadata): { readonly namespace: string; readonly name: string } {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name };
}

/**
 * The API server drops members that are null; so do we, and say so, because an empty `limit:` is rarely meant. zod drops
 * `__proto__` from maps without a word, where the API server refuses it: no map of ours has such a key.
 */
function membersOf(data: unknown, path: FieldPath, findings: Finding[]): unknown {
  if (Array.isArray(data)) return data.map((item, index) => membersOf(item, [...path, index], findings));
  if (!isMapping(data)) return data;
  const kept = Object.entries(data).filter(([key, value]) => {
    if (key === '__proto__') {
      findings.push({ severity: 'error', path: [...path, key], message: 'cannot be the name of a member' });
      return false;
    }
    if (value === null && path[0] !== 'metadata') {
      findings.push({ severity: 'warning', path: [...path, key], message: 'is empty and counts as absent' });
    }
    return value !== null;
  });
  return Object.fromEntries(kept.map(([key, value]) => [key, membersOf(value, [...path, key], findings)]));
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindNames(): string {
  return KINDS.map(({ kind }) => kind).join(', ');
}

function failed(path: FieldPath, message: string): Interpretation {
  return { findings: [{ severity: 'error', path, message }] };
}
