import type { Config } from '../api/config.ts';
import type { ManifestObject, ManifestOf } from '../api/manifest.ts';
import { consents, type ObjectRef } from '../api/reference.ts';
import { type FieldPath, type Finding, type Problem, problemAt, type Written } from '../core/problem.ts';
import { objectKey } from './manifests.ts';

type Key = ManifestOf<'VirtualKey'>;
type Target = ManifestOf<'Team'> | ManifestOf<'User'>;

export interface ReferenceOptions {
  /** A reference that the manifests do not decide: an error instead of a warning. */
  readonly strict: boolean;
}

/**
 * What the references of `objects` lead to among `known` (which includes them): Teams and Users that are missing or do
 * not consent, Secrets that cannot serve as keys, hashes that two keys share.
 */
export function referenceProblems(
  objects: readonly ManifestObject[],
  known: readonly ManifestObject[],
  options: ReferenceOptions,
): Problem[] {
  const index = new Map(known.map((object) => [objectKey(object), object]));
  const keys = objects.filter((object) => object.kind === 'VirtualKey');
  const perKey = keys.flatMap((key) =>
    [...targetFindings(key, index, options), ...secretFindings(key, index)].map((finding) =>
      problemAt(key.source, finding),
    ),
  );
  return [...perKey, ...sharedHashes(keys)];
}

type Index = ReadonlyMap<string, ManifestObject>;

function targetFindings(key: Key, index: Index, options: ReferenceOptions): Finding[] {
  const { teamRef, userRef } = key.value.spec;
  return [
    ...(teamRef === undefined
      ? []
      : targetFinding(key, { kind: 'Team', ref: teamRef, member: 'teamRef' }, index, options)),
    ...(userRef === undefined
      ? []
      : targetFinding(key, { kind: 'User', ref: userRef, member: 'userRef' }, index, options)),
  ];
}

interface Named {
  readonly kind: 'Team' | 'User';
  readonly ref: ObjectRef;
  readonly member: string;
}

function targetFinding(key: Key, { kind, ref, member }: Named, index: Index, options: ReferenceOptions): Finding[] {
  const path = ['spec', member];
  const namespace = ref.namespace ?? key.namespace;
  const target = index.get(objectKey({ kind, namespace, name: ref.name }));
  if (target?.kind !== 'Team' && target?.kind !== 'User') {
    return [{ severity: undecided(options), path, message: missing(objectKey({ kind, namespace, name: ref.name })) }];
  }
  const consent = consentOf(target, key.namespace, index);
  if (consent === 'given') return [];
  return consent === 'unknown'
    ? [
        {
          severity: undecided(options),
          path,
          message: `whether ${kind} ${namespace}/${ref.name} consents depends on the labels of Namespace ${key.namespace}, which is not among these manifests`,
        },
      ]
    : [
        {
          severity: 'error',
          path,
          message: `${kind} ${namespace}/${ref.name} does not allow namespace ${key.namespace}; widen its allowedNamespaces`,
        },
      ];
}

function undecided(options: ReferenceOptions): Finding['severity'] {
  return options.strict ? 'error' : 'warning';
}

function missing(key: string): string {
  return `${key} is not among these manifests; calls are refused until it exists`;
}

function consentOf(target: Target, namespace: string, index: Index): 'given' | 'refused' | 'unknown' {
  const allowed = target.value.spec.allowedNamespaces;
  const found = index.get(objectKey({ kind: 'Namespace', namespace: '', name: namespace }));
  // Kubernetes sets this label on every namespace.
  const labels = { ...found?.value.metadata.labels, 'kubernetes.io/metadata.name': namespace };
  const given = consents(allowed, target.namespace, { namespace, labels });
  if (found !== undefined || allowed?.selector === undefined) return given ? 'given' : 'refused';
  // Labels that are not known can neither meet a requirement nor be known to be absent.
  return given && allowed.selector.matchExpressions === undefined ? 'given' : 'unknown';
}

const MIN_KEY_CHARACTERS = 32;

/** Secrets seldom stand beside other manifests, so a missing one is no finding; one that is there must fit. */
function secretFindings(key: Key, index: Index): Finding[] {
  const ref = key.value.spec.key?.secretRef;
  const secret = ref && index.get(objectKey({ kind: 'Secret', namespace: key.namespace, name: ref.name }));
  if (ref === undefined || secret?.kind !== 'Secret') return [];
  if (secret.value.metadata.labels?.['budgetd.dev/credential'] !== 'virtual-key') {
    return secretFinding('name', `Secret ${ref.name} needs the label budgetd.dev/credential: virtual-key`);
  }
  const value = secret.value.data[ref.key];
  if (value === undefined) return secretFinding('key', `Secret ${ref.name} has no entry ${ref.key}`);
  return new TextDecoder().decode(value).trim().length < MIN_KEY_CHARACTERS
    ? secretFinding(
        'key',
        `the entry ${ref.key} of Secret ${ref.name} is shorter than ${MIN_KEY_CHARACTERS} characters`,
      )
    : [];
}

function secretFinding(member: 'name' | 'key', message: string): Finding[] {
  return [{ severity: 'error', path: ['spec', 'key', 'secretRef', member], message }];
}

/** The mandatory Teams of a platform configuration that are missing among `known`. */
export function mandatoryTeamProblems(
  configuration: { readonly config: Config; readonly source: Written },
  known: readonly ManifestObject[],
  options: ReferenceOptions,
): Problem[] {
  const keys = new Set(known.map(objectKey));
  return (configuration.config.platform?.mandatoryTeams ?? []).flatMap(({ teamRef }, index) => {
    const key = objectKey({ kind: 'Team', ...teamRef });
    if (keys.has(key)) return [];
    const path = ['platform', 'mandatoryTeams', index, 'teamRef'];
    return [problemAt(configuration.source, { severity: undecided(options), path, message: missing(key) })];
  });
}

function sharedHashes(keys: readonly Key[]): Problem[] {
  const first = new Map<string, Key>();
  const path: FieldPath = ['spec', 'key', 'hash', 'sha256'];
  return keys.flatMap((key) => {
    const hash = key.value.spec.key?.hash?.sha256;
    if (hash === undefined) return [];
    const earlier = first.get(hash);
    if (earlier === undefined) {
      first.set(hash, key);
      return [];
    }
    const message = `the same key as ${objectKey(earlier)}; the first holder keeps it`;
    return [problemAt(key.source, { severity: 'error', path, message })];
  });
}
