import { allowedNamespacesSchema } from '../api/reference.ts';
import { tags } from '../api/subject.ts';
import { subjectPath } from '../core/subject.ts';
import { type CustomObject, type ObjectKey, objectKey } from './custom-object.ts';
import type { Referable } from './compile-key.ts';
import { isSubjectKind, subjectOf } from './subject-object.ts';

/*
 * Which objects name which: read from stored specifications before anybody checked them, so nothing is taken for granted.
 * A VirtualKey names its Team and User, an adjustment its subject, a Customer its match.
 */

/** The names under which an object is found by what it speaks of. */
export function namedBy(object: CustomObject): string[] {
  const spec = record(object.spec);
  if (object.kind === 'VirtualKey') {
    return [reference(object, 'team', spec['teamRef']), reference(object, 'user', spec['userRef'])].flat();
  }
  if (object.kind === 'BudgetAdjustment') return [adjusted(object)].flat();
  if (object.kind === 'Customer') return [matchName(object)];
  return [];
}

/** What has to be looked at again when an object appears, changes or goes. */
export function dependents(
  before: CustomObject | undefined,
  after: CustomObject | undefined,
  naming: (kind: CustomObject['kind'], name: string) => readonly CustomObject[],
): ObjectKey[] {
  const object = after ?? before;
  if (object === undefined) return [];
  const { kind, namespace, name } = object;
  if (kind === 'Team' || kind === 'User') {
    const path = subjectPath(subjectOf(kind, `${namespace}/${name}`));
    const adjustments = naming('BudgetAdjustment', path).map(objectKey);
    if (seenByKeys(before) === seenByKeys(after)) return adjustments;
    return [...naming('VirtualKey', path).map(objectKey), ...adjustments];
  }
  if (kind === 'VirtualKey') {
    return naming('BudgetAdjustment', subjectPath(subjectOf(kind, `${namespace}/${name}`))).map(objectKey);
  }
  if (kind === 'BudgetAdjustment') return [subjectObject(object)].flat();
  if (kind === 'Customer') return naming('Customer', matchName(object)).map(objectKey);
  return [];
}

/** The part of a Team or User that its keys are compiled with. What is not well formed gives nothing. */
export function referableOf(object: CustomObject): Referable {
  const spec = record(object.spec);
  const allowed = allowedNamespacesSchema.safeParse(spec['allowedNamespaces']);
  const noted = tags.safeParse(spec['tags']);
  return {
    ...(allowed.success ? { allowedNamespaces: allowed.data } : {}),
    ...(noted.success ? { tags: noted.data } : {}),
  };
}

/** The object whose budget an adjustment speaks of; none for a member or a customer. */
export function subjectObject(adjustment: CustomObject): ObjectKey[] {
  const { kind, name } = record(record(adjustment.spec)['subject']);
  return isSubjectKind(kind) ? [{ kind, key: `${adjustment.namespace}/${String(name)}` }] : [];
}

/** One text per match: two Customers of a namespace with the same one are in each other's way. */
export function matchName(customer: CustomObject): string {
  const { type, id, tier } = record(record(customer.spec)['match']);
  return `${customer.namespace} ${String(type)} ${typeof id === 'string' ? id : typeof tier === 'string' ? tier : ''}`;
}

function reference(object: CustomObject, kind: 'team' | 'user', ref: unknown): string[] {
  const { name, namespace } = record(ref);
  if (typeof name !== 'string') return [];
  return [subjectPath({ kind, namespace: typeof namespace === 'string' ? namespace : object.namespace, name })];
}

function adjusted(adjustment: CustomObject): string[] {
  return subjectObject(adjustment).flatMap(({ kind, key }) =>
    isSubjectKind(kind) ? [subjectPath(subjectOf(kind, key))] : [],
  );
}

function seenByKeys(object: CustomObject | undefined): string {
  if (object === undefined || object.isDeleted) return '';
  return JSON.stringify([object.uid, referableOf(object)]);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
