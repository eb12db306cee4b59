import type { TeamSpec } from '../api/team.ts';
import type { UserSpec } from '../api/user.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import type { KeyHash, SubjectRecord } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import { compileVirtualKey, type KeyWorld, type Unresolved } from './compile-key.ts';
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

  const world: KeyWorld = {
    referable: (target) => (target.kind === 'team' ? teams : users).get(subjectPath(target))?.spec,
    labels: (namespace) => input.namespaces.get(namespace),
  };
  const compileKey = (declared: Declared<VirtualKeySpec>): SubjectRecord => {
    const subject: Subject = { kind: 'vkey', namespace: declared.namespace, name: declared.name };
    const hashes = claim(subject, input.hashes.get(subjectPath(subject)) ?? []);
    const compiled = compileVirtualKey(declared, world, { hashes });
    unresolved.push(...compiled.unresolved);
    return compiled.record;
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

function byPath<D extends Declared<unknown>>(kind: 'team' | 'user', declared: readonly D[]): Map<string, D> {
  return new Map(declared.map((one) => [subjectPath({ kind, namespace: one.namespace, name: one.name }), one]));
}

function byName(a: Declared<unknown>, b: Declared<unknown>): number {
  return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1;
}
