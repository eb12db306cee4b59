import type { z } from 'zod';
import { budgetsSchema, models } from './budget.ts';
import { object } from './field.ts';
import { AGE, BLOCKED_BY, BUDGET_COLUMNS, conditionColumn, type KindDefinition } from './kind.ts';
import { allowedNamespacesSchema } from './reference.ts';
import { subjectStatusSchema } from './status.ts';
import { alertsSchema, alias, email, suspend, tags } from './subject.ts';

export const userSpec = object('Desired state.', {
  alias: alias.exactOptional(),
  email: email.exactOptional(),
  budgets: budgetsSchema.exactOptional(),
  models: models('Models that his keys may call; absent is all.').exactOptional(),
  allowedNamespaces: allowedNamespacesSchema.exactOptional(),
  alerts: alertsSchema.exactOptional(),
  tags: tags.exactOptional(),
  suspend: suspend.exactOptional(),
});

export type UserSpec = z.output<typeof userSpec>;

export const user: KindDefinition<'User', typeof userSpec> = {
  kind: 'User',
  plural: 'users',
  shortName: 'buser',
  description: 'A person, with budgets over all the VirtualKeys that name him.',
  spec: userSpec,
  status: subjectStatusSchema,
  columns: [conditionColumn('Ready'), BLOCKED_BY, ...BUDGET_COLUMNS, AGE],
  selectableFields: ['.spec.email'],
};
