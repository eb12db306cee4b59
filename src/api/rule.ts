import type { z } from 'zod';

/**
 * A validation that a structural schema cannot express, stated once for both sides: `cel` for the API server, `holds`
 * for everything that reads objects without one. A rule without `holds` compares with the stored object; away from an
 * API server the ledger's own check (`BudgetRedefined`) takes its place.
 */
export interface Rule<T> {
  readonly cel: string;
  /** What is required, as a sentence without the field's name. */
  readonly message: string;
  readonly holds?: (value: T) => boolean;
  /** Says more than `message` about a value for which the rule does not hold. */
  readonly problem?: (value: T) => string | undefined;
  /** The member to blame, where it is not the object itself. */
  readonly field?: string;
}

const VALIDATIONS = 'x-kubernetes-validations';

/** Attaches rules to a schema: as checks in declared order (the first that fails speaks) and as CEL for the CRD. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  if (rules.length === 0) return schema;
  const broken = (value: z.output<S>): Rule<z.output<S>> | undefined =>
    rules.find((rule) => rule.holds !== undefined && !rule.holds(value));
  const checked = schema.superRefine((value, context) => {
    const rule = broken(value);
    if (rule === undefined) return;
    context.addIssue({
      code: 'custom',
      message: rule.problem?.(value) ?? rule.message,
      path: rule.field === undefined ? [] : [rule.field],
    });
  });
  const stated = rules.map(({ cel, message, field }) => ({
    rule: cel,
    message,
    ...(field === undefined ? {} : { fieldPath: `.${field}` }),
  }));
  // A schema may have rules already: a union of which the whole is immutable.
  const before = (schema.meta()?.[VALIDATIONS] ?? []) as object[];
  return checked.meta({ ...schema.meta(), [VALIDATIONS]: [...before, ...stated] });
}

/**
 * The members of a union: an object whose `type` names the branch that must be present, and no other. A structural
 * schema knows no `oneOf`, so each branch gets a rule of its own.
 *
 * @param branches branch member by value of `type`
 */
export function unionRules<T extends { readonly type: string }>(
  branches: Readonly<Record<string, string>>,
): readonly Rule<T>[] {
  return Object.entries(branches).map(([type, member]) => ({
    cel: `(self.type == '${type}') == has(self.${member})`,
    message: `type ${type} and the member ${member} belong together`,
    holds: (value) => (value.type === type) === member in value,
    field: member,
  }));
}

/**
 * A member that may never change, be added or be removed, but to and from what its absence means. Written with `has`:
 * the API server cannot bound the cost of a comparison of `orValue`.
 *
 * @param absent what absence means, as CEL; undefined: nothing that could be written
 */
export function immutable(path: string, absent: string | undefined, why: string): Rule<unknown> {
  const isAbsent = (member: string): string => (absent === undefined ? 'false' : `${member} == ${absent}`);
  const [now, before] = [`self.${path}`, `oldSelf.${path}`];
  return {
    cel:
      `has(${now}) ? (has(${before}) ? ${now} == ${before} : ${isAbsent(now)}) ` +
      `: (!has(${before}) || ${isAbsent(before)})`,
    message: `${path} is immutable: ${why}`,
  };
}
