import { z } from 'zod';
import { type Rule, withRules } from './rule.ts';

/**
 * Builders of schema nodes. Each takes the description that the CRD and the reference show, and states a bound, so that
 * no unbounded string, list or map can be written by accident (the API server multiplies rule costs by those bounds).
 */

/** Text that a pattern restricts to ASCII, so that code points and UTF-16 units count alike. */
export interface TextForm {
  readonly pattern: RegExp;
  readonly max: number;
  /** Completes "... is not"; names an example. */
  readonly expected: string;
  /** What was written may hold a password: messages do not repeat it. */
  readonly sensitive?: true;
}

const QUOTED_LENGTH = 80;

/** A found value as it is quoted in messages: JSON, cut to a readable length. */
export function quoted(value: unknown): string {
  const whole = JSON.stringify(value) ?? String(value);
  return whole.length <= QUOTED_LENGTH ? whole : `${whole.slice(0, QUOTED_LENGTH)}...`;
}

export function text(description: string, form: TextForm): z.ZodString {
  const error = (issue: { readonly input?: unknown }): string =>
    `${form.sensitive === true ? 'the text' : quoted(issue.input)} is not ${form.expected}`;
  return z.string().max(form.max, { abort: true, error }).regex(form.pattern, { error }).meta({ description });
}

/** Untrusted display text: any script, no control characters, at most `max` code points. */
export function freeText(description: string, max: number): z.ZodString {
  return z
    .string()
    .refine((value) => codePointsWithin(value, max), { abort: true, error: `must have at most ${max} characters` })
    .regex(/^\P{Cc}*$/u, { error: 'must not contain control characters or line breaks' })
    .meta({ description, maxLength: max });
}

/** Text that only the operator writes (status). */
export function statusText(description: string, max = 256): z.ZodString {
  return z.string().meta({ description, maxLength: max });
}

/** The API server counts code points, JavaScript UTF-16 units. */
function codePointsWithin(value: string, max: number): boolean {
  return value.length <= max || (value.length <= 2 * max && Array.from(value).length <= max);
}

export function choice<const V extends readonly string[]>(
  description: string,
  values: V,
): z.ZodEnum<{ [K in V[number]]: K }> {
  return z.enum(values).meta({ description });
}

export function flag(description: string): z.ZodBoolean {
  return z.boolean().meta({ description });
}

export function integer(description: string, bounds: { readonly min: number; readonly max: number }): z.ZodInt {
  return withRules(statusInteger(description, bounds), [WHOLE]);
}

/** An integer that only the operator writes (status). */
export function statusInteger(description: string, bounds: { readonly min: number; readonly max: number }): z.ZodInt {
  return z.int().min(bounds.min).max(bounds.max).meta({ description });
}

/** The API server's schemas take what lies within a billionth of an integer (50.00000000001); its rules read integers only. */
const WHOLE: Rule<number> = { cel: 'self == self', message: 'must be a whole number', holds: Number.isSafeInteger };

/** An object with these members and no others, and the rules that bind them together. */
export function object<S extends z.ZodRawShape>(
  description: string,
  shape: S,
  rules: readonly Rule<z.output<z.ZodObject<S, z.core.$strict>>>[] = [],
): z.ZodObject<S, z.core.$strict> {
  return withRules(z.strictObject(shape).meta({ description }), rules);
}

export interface ListBounds {
  readonly max: number;
  readonly min?: number;
}

/** A list whose order has a meaning or whose items have no identity; replaced as a whole. */
export function list<T extends z.ZodType>(description: string, item: T, bounds: ListBounds): z.ZodArray<T> {
  return bounded(item, bounds).meta({ description, 'x-kubernetes-list-type': 'atomic' });
}

/** A list of distinct scalars without order. */
export function set<T extends z.ZodType<string>>(description: string, item: T, bounds: ListBounds): z.ZodArray<T> {
  return bounded(item, bounds)
    .superRefine((values, context) => refuseRepeated(values, context, []))
    .meta({ description, 'x-kubernetes-list-type': 'set' });
}

/** A list of objects that one scalar member identifies. */
export function listMap<T extends z.ZodType<object>>(
  description: string,
  item: T,
  bounds: ListBounds & { readonly key: string },
): z.ZodArray<T> {
  const keyOf = (value: object): unknown => (value as Record<string, unknown>)[bounds.key];
  return bounded(item, bounds)
    .superRefine((values, context) => refuseRepeated(values.map(keyOf), context, [bounds.key]))
    .meta({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [bounds.key] });
}

function bounded<T extends z.ZodType>(item: T, bounds: ListBounds): z.ZodArray<T> {
  const array = z.array(item).max(bounds.max, { abort: true, error: `must have at most ${bounds.max} items` });
  return bounds.min === undefined ? array : array.min(bounds.min, { error: `needs at least ${bounds.min} item` });
}

function refuseRepeated(keys: readonly unknown[], context: z.RefinementCtx, member: readonly string[]): void {
  const seen = new Set<unknown>();
  for (const [index, key] of keys.entries()) {
    if (seen.has(key)) {
      context.addIssue({ code: 'custom', message: `${quoted(key)} is there twice`, path: [index, ...member] });
    }
    seen.add(key);
  }
}

/** A map with free keys of one form. The form's pattern reaches the API server as a rule: structural schemas have no key patterns. */
export function map<T extends z.ZodType>(
  description: string,
  value: T,
  bounds: { readonly max: number; readonly keys: TextForm },
): z.ZodRecord<z.ZodString, T> {
  const { max, keys } = bounds;
  const schema = z
    .record(z.string(), value)
    .refine((found) => Object.keys(found).length <= max, { error: `must have at most ${max} entries` })
    .meta({ description, maxProperties: max });
  return withRules(schema, [
    {
      cel: `self.all(key, size(key) <= ${keys.max} && key.matches(r'${keys.pattern.source}'))`,
      message: `every key must be ${keys.expected}`,
      holds: (found) => Object.keys(found).every((key) => key.length <= keys.max && keys.pattern.test(key)),
    },
  ]);
}
