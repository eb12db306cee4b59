/** The kinds of subject that have budgets, as they are written in paths, metrics and Redis. */
export const SUBJECT_KINDS = ['vkey', 'team', 'user', 'member', 'customer'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/**
 * Anything that has budgets. `name` is the object's name; for a member it is `<team>/<user namespace>/<user>`, for a
 * customer the id that the application sent (untrusted text).
 */
export interface Subject {
  readonly kind: SubjectKind;
  readonly namespace: string;
  readonly name: string;
}

/** The subject as people write and read it: `vkey/shop/checkout-bot`. */
export function subjectPath(subject: Subject): string {
  return `${subject.kind}/${subject.namespace}/${subject.name}`;
}

/**
 * Reads `vkey/<ns>/<name>`, `team/..`, `user/..`, `member/<ns>/<team>/<user ns>/<user>` or `customer/<ns>/<id>`.
 *
 * @returns undefined when the text names no subject
 */
export function parseSubjectPath(path: string): Subject | undefined {
  const [kind, namespace, ...rest] = path.split('/');
  const known = SUBJECT_KINDS.find((candidate) => candidate === kind);
  if (known === undefined || !namespace || rest.some((part) => part === '')) return undefined;
  const parts = known === 'member' ? 3 : 1;
  if (known === 'customer' ? rest.length === 0 : rest.length !== parts) return undefined;
  return { kind: known, namespace, name: rest.join('/') };
}
