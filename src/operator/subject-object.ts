import { assert } from '../core/assert.ts';
import type { Subject, SubjectKind } from '../core/subject.ts';
import type { ObjectKey } from './custom-object.ts';

/** The kinds whose objects are subjects themselves, and what each is called as a subject. */
const SUBJECT_OF = { VirtualKey: 'vkey', Team: 'team', User: 'user' } as const satisfies Record<string, SubjectKind>;

export type SubjectObjectKind = keyof typeof SUBJECT_OF;

export function isSubjectKind(kind: unknown): kind is SubjectObjectKind {
  return typeof kind === 'string' && Object.hasOwn(SUBJECT_OF, kind);
}

/** The subject whose specification the object `namespace/name` is. */
export function subjectOf(kind: SubjectObjectKind, key: string): Subject {
  const slash = key.indexOf('/');
  assert(slash > 0, `not an object key: ${key}`);
  return { kind: SUBJECT_OF[kind], namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The object whose specification a subject is; null: a member or customer has none of its own. */
export function objectOf({ kind, namespace, name }: Subject): ObjectKey | null {
  const found = Object.entries(SUBJECT_OF).find(([, subject]) => subject === kind)?.[0];
  return isSubjectKind(found) ? { kind: found, key: `${namespace}/${name}` } : null;
}
