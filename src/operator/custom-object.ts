import { API_VERSION, GROUP, VERSION } from '../api/kind.ts';
import { type Kind, KINDS } from '../api/kinds.ts';
import type { Interpreted } from '../api/manifest-reading.ts';
import { interpret } from '../api/manifest-reading.ts';
import { notYetFindings } from '../api/not-yet.ts';
import { assert } from '../core/assert.ts';
import { fieldText, type Finding } from '../core/problem.ts';
import type { KubeObject, KubeResource } from '../ports/kube.ts';

/** An object of one of our kinds as the cache keeps it: without managed fields, its parts unchecked. */
export interface CustomObject {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** RFC 3339, seconds. */
  readonly createdAt: string;
  /** Somebody deleted it; what still holds it back does not matter. */
  readonly isDeleted: boolean;
  readonly spec: unknown;
  readonly status: ObservedStatus;
}

/** One object to reconcile. */
export interface ObjectKey {
  readonly kind: Kind;
  /** `namespace/name`. */
  readonly key: string;
}

/** What a status says, as far as the operator needs it to know what it wrote itself. */
export interface ObservedStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly ObservedCondition[];
  readonly [member: string]: unknown;
}

export interface ObservedCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** The API resources of our kinds. */
export const RESOURCES: ReadonlyMap<Kind, KubeResource> = new Map(
  KINDS.map(({ kind, plural }) => [kind, { group: GROUP, version: VERSION, plural, kind, namespaced: true }]),
);

export function resourceOf(kind: Kind): KubeResource {
  const resource = RESOURCES.get(kind);
  assert(resource !== undefined, `no resource of kind ${kind}`);
  return resource;
}

export function customObject(kind: Kind, object: KubeObject): CustomObject {
  const { namespace = '', name, uid = '', resourceVersion = '', generation = 0, creationTimestamp } = object.metadata;
  return {
    kind,
    namespace,
    name,
    uid,
    resourceVersion,
    generation,
    createdAt: creationTimestamp ?? '',
    isDeleted: object.metadata.deletionTimestamp !== undefined,
    spec: object['spec'],
    status: (object['status'] ?? {}) as ObservedStatus,
  };
}

export type SpecReading<K extends Kind> =
  | { readonly kind: 'valid'; readonly spec: Extract<Interpreted, { kind: K }>['value']['spec'] }
  | { readonly kind: 'invalid'; readonly reason: 'InvalidSpec' | 'NotYetSupported'; readonly message: string };

const MESSAGE_CHARACTERS = 1500;

/** Checks a stored object as this version would at its creation: it may have been stored by another one. */
export function readSpec<K extends Kind>(kind: K, object: CustomObject): SpecReading<K> {
  const { namespace, name, spec } = object;
  const { object: interpreted, findings } = interpret({
    apiVersion: API_VERSION,
    kind,
    metadata: { namespace, name },
    spec,
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (interpreted?.kind !== kind) return { kind: 'invalid', reason: 'InvalidSpec', message: sentences(errors) };
  const missing = notYetFindings(interpreted, 'operator');
  if (missing.length > 0) return { kind: 'invalid', reason: 'NotYetSupported', message: sentences(missing) };
  return { kind: 'valid', spec: interpreted.value.spec } as SpecReading<K>;
}

function sentences(findings: readonly Finding[]): string {
  return findings
    .map(({ path, message }) => `${fieldText(path)}: ${message}`)
    .join('; ')
    .slice(0, MESSAGE_CHARACTERS);
}

export function objectKey(object: CustomObject): ObjectKey {
  return { kind: object.kind, key: `${object.namespace}/${object.name}` };
}
