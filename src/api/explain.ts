import type { z } from 'zod';
import type { Finding } from '../core/problem.ts';
import { quoted } from './field.ts';
import { laterText } from './later.ts';

/**
 * The outcome of reading untrusted data with a schema: the value, or everything that is wrong with it in sentences that
 * say what was found, what is allowed and what to do.
 */
export type Reading<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

export function read<S extends z.ZodType>(schema: S, data: unknown): Reading<z.output<S>> {
  const result = schema.safeParse(data, { error: explain });
  if (result.success) return { kind: 'ok', value: result.data };
  return { kind: 'invalid', findings: result.error.issues.flatMap(findingsOf) };
}

/** Unknown members are one issue in zod (its message one sentence a line), one finding each here, with its own place. */
function findingsOf(issue: z.core.$ZodIssue): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code !== 'unrecognized_keys') return [{ severity: 'error', path, message: issue.message }];
  const sentences = issue.message.split('\n');
  return issue.keys.map((key, index) => ({ severity: 'error', path: [...path, key], message: sentences[index] ?? '' }));
}

/** Sentences for what zod itself finds; fields and rules bring their own. Undefined leaves the library's text. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => laterText(issue.inst, key) ?? unknownMember(issue.inst)).join('\n');
  }
  if (issue.code === 'invalid_type') return wrongType(issue.input, issue.expected);
  if (issue.code === 'invalid_value') {
    if (issue.input === undefined) return wrongType(undefined, '');
    return (
      laterText(issue.inst, issue.input) ??
      `${quoted(issue.input)} is not allowed here; use ${issue.values.map(String).join(' or ')}`
    );
  }
  if (issue.code === 'too_small') return `${quoted(issue.input)} is below the minimum of ${issue.minimum}`;
  if (issue.code === 'too_big') return `${quoted(issue.input)} is above the maximum of ${issue.maximum}`;
  return undefined;
}

function wrongType(found: unknown, expected: string): string {
  if (found === undefined) return 'required, but missing';
  const wanted = EXPECTED[expected] ?? expected;
  // Text where a mapping belongs is often a secret written inline: it is not repeated.
  if (typeof found === 'string' && wanted === 'a mapping') return `found text; expected ${wanted}`;
  if (expected !== 'string') return `found ${named(found)}; expected ${wanted}`;
  if (typeof found === 'boolean') {
    return `found the boolean ${found}; expected text: quote it (YAML reads yes, no, on, off, y and n as booleans)`;
  }
  if (typeof found === 'number') return `found the number ${found}; expected text: quote it, "${found}"`;
  return `found ${named(found)}; expected ${wanted}`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function named(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? `the text ${quoted(value)}` : quoted(value);
}

function unknownMember(schema: unknown): string {
  const shape = (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape ?? {};
  return `unknown field; allowed here: ${Object.keys(shape).join(', ')}`;
}
