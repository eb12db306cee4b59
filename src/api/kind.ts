import type { z } from 'zod';

export const GROUP = 'budgetd.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** A column of `kubectl get`. Strings throughout: a date column shows future dates as negative ages. */
export interface Column {
  readonly name: string;
  readonly path: string;
  readonly type: 'string' | 'date';
  readonly description: string;
  /** 1: with `-o wide` only. */
  readonly priority?: 1;
}

/** One kind of the API: the source of its types, of its run-time validation and of its CRD. */
export interface KindDefinition<Name extends string = string, Spec extends z.ZodType = z.ZodType> {
  readonly kind: Name;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: Spec;
  readonly status: z.ZodType;
  readonly columns: readonly Column[];
  /** Paths that `kubectl get --field-selector` accepts. */
  readonly selectableFields: readonly string[];
}

/** Column of a condition's status. */
export function conditionColumn(type: string): Column {
  return {
    name: type,
    path: `.status.conditions[?(@.type=='${type}')].status`,
    type: 'string',
    description: `Status of the condition ${type}.`,
  };
}

export const AGE: Column = {
  name: 'Age',
  path: '.metadata.creationTimestamp',
  type: 'date',
  description: 'Time since creation.',
};

/** Columns that every subject has between its own first ones and the age. */
export const BUDGET_COLUMNS: readonly Column[] = [
  {
    name: 'Budget',
    path: '.status.tightest.budget',
    type: 'string',
    description: 'The budget with the largest share spent.',
  },
  { name: 'Used', path: '.status.tightest.usedPercent', type: 'string', description: 'Share of it that is spent.' },
  { name: 'Spent', path: '.status.tightest.spent', type: 'string', description: 'What is spent of it, USD.' },
  { name: 'Limit', path: '.status.tightest.limit', type: 'string', description: 'Its limit, USD.' },
  { name: 'Resets', path: '.status.tightest.resetsAt', type: 'string', description: 'End of its present window.' },
];

export const BLOCKED_BY: Column = {
  name: 'Blocked-By',
  path: '.status.blockedBy',
  type: 'string',
  description: 'The budget that refuses its calls now.',
};
