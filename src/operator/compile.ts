import { type AllowedNamespaces, consents, type ObjectRef } from '../api/reference.ts';
import type { TeamSpec } from '../api/team.ts';
import type { UserSpec } from '../api/user.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import type { KeyHash, KeyPart, SubjectRecord } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import { compileSubject } from './compile-subject.ts';

/** An object as the compiler needs it. */
export interface Declared<Spec> {
  readonly namespace: string;
  readonly name: string;
  readonly spec: Spec;
}

export interface CompileInput {
  readonly virtualKeys: readonly Declared<VirtualKeySpec>[];
  readonly teams: readonly Declared<TeamSpec>[];
  readonly users: readonly Declared<UserSpec>[];
  /** Labels by namespace. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** The keys that each VirtualKey has now, by subject path; absent: its key is not there yet. */
  readonly hashes: ReadonlyMap<string, readonly KeyHash[]>;
  /** Who already holds a key, by hash: the first holder keeps it. */
  readonly holders: ReadonlyMap<string, Subject>;
}

/** A key hash that another VirtualKey holds already; the other one is not named to the author of this one. */
export interface KeyInUse {
  readonly subject: Subject;
}

/** A reference that does not resolve: every call of the key is refused until it does. */
export interface Unresolved {
  readonly subject: Subject;
  readonly field: 'teamRef' | 'userRef';
  readonly target: Subject;
}

export interface Compiled {
  readonly records: readonly SubjectRecord[];
  /** Which VirtualKey holds each key, by hash. */
  readonly keys: ReadonlyMap<string, Subject>;
  readonly keysInUse: readonly KeyInUse[];
  readonly unresolved: readonly Unresolved[];
}

/** From objects to the records that proxies read: pure, complete, in one pass. */
export function compile(input: CompileInput): Compiled {
  const teams = byPath('team', input.teams);
  const users = byPath('user', input.users);
  const keys = new Map<string, Subject>();
  const keysInUse: KeyInUse[] = [];
  const unresolved: Unresolved[] = [];

  const claim = (subject: Subject, hashes: readonly KeyHash[]): KeyHash[] =>
    hashes.filter(({ sha256 }) => {
      const holder = keys.get(sha256) ?? holderNow(sha256);
      const free = holder === undefined || subjectPath(holder) === subjectPath(subject);
      if (free) keys.set(sha256, subject);
      else keysInUse.push({ subject });
      return free;
    });

  /** Who held a key before holds it on only while his object still declares it. */
  const holderNow = (sha256: string): Subject | undefined => {
    const holder = input.holders.get(sha256);
    const declares = holder && input.hashes.get(subjectPath(holder))?.some((hash) => hash.sha256 === sha256);
    return declares === true ? holder : undefined;
  };

  const compileKey = (declared: Declared<VirtualKeySpec>): SubjectRecord => {
    const subject: Subject = { kind: 'vkey', namespace: declared.namespace, name: declared.name };
    const { teamRef, userRef, expiresAt } = declared.spec;
    const from = { namespace: declared.namespace, labels: input.namespaces.get(declared.namespace) };
    const team = resolve(from, 'team', teamRef, teams);
    const user = resolve(from, 'user', userRef, users);
    const broken = [...brokenRef(subject, 'teamRef', team), ...brokenRef(subject, 'userRef', user)];
    unresolved.push(...broken);
    const key: KeyPart = {
      team: team?.target ?? null,
      user: user?.target ?? null,
      unresolved: broken[0]?.field ?? null,
      expiresAtMs: expiresAt === undefined ? null : Temporal.Instant.from(expiresAt).epochMilliseconds,
      hashes: claim(subject, input.hashes.get(subjectPath(subject)) ?? []),
    };
    const inheritedTags = team === null ? {} : (teams.get(subjectPath(team.target))?.spec.tags ?? {});
    return compileSubject(subject, declared.spec, { key, inheritedTags });
  };

  const records = [
    ...input.teams.map((team) =>
      compileSubject({ kind: 'team', namespace: team.namespace, name: team.name }, team.spec),
    ),
    ...input.users.map((user) =>
      compileSubject({ kind: 'user', namespace: user.namespace, name: user.name }, user.spec),
    ),
    ...input.virtualKeys.toSorted(byName).map(compileKey),
  ];
  return { records, keys, keysInUse, unresolved };
}

interface Resolution {
  readonly target: Subject;
  readonly resolved: boolean;
}

function brokenRef(subject: Subject, field: Unresolved['field'], found: Resolution | null): Unresolved[] {
  return found === null || found.resolved ? [] : [{ subject, field, target: found.target }];
}

type Target = Declared<{ readonly allowedNamespaces?: AllowedNamespaces }>;

function resolve(
  from: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> | undefined },
  kind: 'team' | 'user',
  ref: ObjectRef | undefined,
  targets: ReadonlyMap<string, Target>,
): Resolution | null {
  if (ref === undefined) return null;
  const target: Subject = { kind, namespace: ref.namespace ?? from.namespace, name: ref.name };
  const found = targets.get(subjectPath(target));
  return { target, resolved: found !== undefined && consents(found.spec.allowedNamespaces, found.namespace, from) };
}

function byPath<D extends Declared<unknown>>(kind: 'team' | 'user', declared: readonly D[]): Map<string, D> {
  return new Map(declared.map((one) => [subjectPath({ kind, namespace: one.namespace, name: one.name }), one]));
}

function byName(a: Declared<unknown>, b: Declared<unknown>): number {
  return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1;
}
