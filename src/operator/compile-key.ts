import { type AllowedNamespaces, consents, type ObjectRef } from '../api/reference.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import type { KeyHash, KeyPart, SubjectRecord } from '../core/record.ts';
import type { Subject } from '../core/subject.ts';
import { compileSubject, type SubjectExtra } from './compile-subject.ts';
import type { Declared } from './compile.ts';

/** What a VirtualKey's references may lead to. */
export interface Referable {
  readonly allowedNamespaces?: AllowedNamespaces;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What compiling one VirtualKey asks of the world. */
export interface KeyWorld {
  /** The specification of a Team or User; undefined: there is none. */
  referable(target: Subject): Referable | undefined;
  /** Undefined: not known, and then no selector matches. */
  labels(namespace: string): Readonly<Record<string, string>> | undefined;
}

/** A reference that does not resolve: every call of the key is refused until it does. */
export interface Unresolved {
  readonly subject: Subject;
  readonly field: 'teamRef' | 'userRef';
  readonly target: Subject;
  /** The target exists and does not allow the key's namespace. */
  readonly withheld: boolean;
}

export interface CompiledKey {
  readonly record: SubjectRecord;
  readonly unresolved: readonly Unresolved[];
}

/** Compiles a VirtualKey. The record names its Team and User also while they do not resolve, so that nothing is lost. */
export function compileVirtualKey(
  declared: Declared<VirtualKeySpec>,
  world: KeyWorld,
  given: { readonly hashes: readonly KeyHash[]; readonly raises?: NonNullable<SubjectExtra['raises']> },
): CompiledKey {
  const subject: Subject = { kind: 'vkey', namespace: declared.namespace, name: declared.name };
  const { teamRef, userRef, expiresAt } = declared.spec;
  const team = resolve(subject, { field: 'teamRef', kind: 'team', ref: teamRef }, world);
  const user = resolve(subject, { field: 'userRef', kind: 'user', ref: userRef }, world);
  const unresolved = [...(team?.unresolved ?? []), ...(user?.unresolved ?? [])];
  const key: KeyPart = {
    team: team?.target ?? null,
    user: user?.target ?? null,
    unresolved: unresolved[0]?.field ?? null,
    expiresAtMs: expiresAt === undefined ? null : Temporal.Instant.from(expiresAt).epochMilliseconds,
    hashes: given.hashes,
  };
  return {
    record: compileSubject(subject, declared.spec, {
      key,
      inheritedTags: tagsOf(team),
      ...(given.raises === undefined ? {} : { raises: given.raises }),
    }),
    unresolved,
  };
}

/** A Team that does not consent gives nothing either. */
function tagsOf(team: Resolution | null): Readonly<Record<string, string>> {
  return team?.unresolved.length === 0 ? (team.found?.tags ?? {}) : {};
}

interface Reference {
  readonly field: Unresolved['field'];
  readonly kind: 'team' | 'user';
  readonly ref: ObjectRef | undefined;
}

interface Resolution {
  readonly target: Subject;
  readonly found: Referable | undefined;
  readonly unresolved: readonly Unresolved[];
}

function resolve(subject: Subject, { field, kind, ref }: Reference, world: KeyWorld): Resolution | null {
  if (ref === undefined) return null;
  const target: Subject = { kind, namespace: ref.namespace ?? subject.namespace, name: ref.name };
  const found = world.referable(target);
  const from = { namespace: subject.namespace, labels: world.labels(subject.namespace) };
  if (found !== undefined && consents(found.allowedNamespaces, target.namespace, from)) {
    return { target, found, unresolved: [] };
  }
  return { target, found, unresolved: [{ subject, field, target, withheld: found !== undefined }] };
}
