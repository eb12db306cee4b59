import type { z } from 'zod';
import { choice, list, map, object, set, text, type TextForm } from './field.ts';
import { LONG_OBJECT_NAME, NAMESPACE, OBJECT_NAME } from './form.ts';

/** A Team or User, here or in another namespace that consents. */
export function objectRef(description: string): typeof objectRefSchema {
  return objectRefSchema.meta({ ...objectRefSchema.meta(), description });
}

const objectRefSchema = object('Reference to an object.', {
  name: text('Name of the object.', OBJECT_NAME),
  namespace: text(
    'Namespace of the object; absent is this one. Another namespace must consent by its allowedNamespaces.',
    NAMESPACE,
  ).exactOptional(),
});

export type ObjectRef = z.output<typeof objectRefSchema>;

const SECRET_KEY: TextForm = {
  pattern: /^[-._a-zA-Z0-9]+$/,
  max: 253,
  expected: 'a key of a Secret: letters, digits, "-", "_" and "."',
};

/** One entry of a Secret in the same namespace; there is no namespace member on purpose. */
export function secretKeyRef(description: string): typeof secretKeySchema {
  return secretKeySchema.meta({ ...secretKeySchema.meta(), description });
}

const secretKeySchema = object('One entry of a Secret in this namespace.', {
  name: text('Name of the Secret.', LONG_OBJECT_NAME),
  key: text('Key within the Secret.', SECRET_KEY),
});

const LABEL_KEY: TextForm = {
  pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  max: 317,
  expected: 'a label key such as tier or shop.example/tier',
};

const LABEL_VALUE: TextForm = {
  pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  max: 63,
  expected: 'a label value of at most 63 letters, digits, "-", "_" and "."',
};

const requirement = object(
  'One requirement on a label.',
  {
    key: text('Label key.', LABEL_KEY),
    operator: choice('How the label relates to values.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: set('Values for In and NotIn.', text('Label value.', LABEL_VALUE), { max: 16 }).exactOptional(),
  },
  [
    {
      cel: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: 'values belong to the operators In and NotIn',
      holds: ({ operator, values }) => (operator === 'In' || operator === 'NotIn') === (values ?? []).length > 0,
      field: 'values',
    },
  ],
);

/** A Kubernetes label selector, bounded. */
export const labelSelectorSchema = object('Selects by labels; every requirement must hold.', {
  matchLabels: map('Labels that must have exactly these values.', text('Label value.', LABEL_VALUE), {
    max: 16,
    keys: LABEL_KEY,
  }).exactOptional(),
  matchExpressions: list('Further requirements.', requirement, { max: 16 }).exactOptional(),
});

export type LabelSelector = z.output<typeof labelSelectorSchema>;

/** Whether labels meet every requirement of a selector, as Kubernetes reads it: an empty selector selects everything. */
export function selectorMatches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {});
  return (
    exact.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((expression) => requirementHolds(expression, labels))
  );
}

function requirementHolds(
  { key, operator, values = [] }: z.output<typeof requirement>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const among = value !== undefined && values.includes(value);
  return operator === 'In' ? among : !among;
}

/** Consent of a Team or User to be named from other namespaces. */
export const allowedNamespacesSchema = object(
  'From which namespaces VirtualKeys may name this object; absent is Same.',
  {
    from: choice('Same (only its own), All, or those that selector selects.', ['Same', 'All', 'Selector']),
    selector: labelSelectorSchema.exactOptional(),
  },
  [
    {
      cel: "(self.from == 'Selector') == has(self.selector)",
      message: 'from: Selector and a selector belong together',
      holds: (value) => (value.from === 'Selector') === 'selector' in value,
      field: 'selector',
    },
  ],
);

export type AllowedNamespaces = z.output<typeof allowedNamespacesSchema>;

/**
 * Whether an object may be named from `from`.
 *
 * @param labels labels of the namespace `from`; undefined when they are not known, and then a selector does not match
 */
export function consents(
  allowed: AllowedNamespaces | undefined,
  own: string,
  from: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> | undefined },
): boolean {
  if (own === from.namespace || allowed?.from === 'All') return true;
  if (allowed?.selector === undefined || from.labels === undefined) return false;
  return selectorMatches(allowed.selector, from.labels);
}
