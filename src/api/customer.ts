import type { z } from 'zod';
import { budgetsSchema, models } from './budget.ts';
import { choice, object, statusInteger, statusText, text } from './field.ts';
import { CUSTOMER_ID, SHORT_NAME } from './form.ts';
import { AGE, BUDGET_COLUMNS, conditionColumn, type KindDefinition } from './kind.ts';
import { unionRules, withRules } from './rule.ts';
import { subjectStatus } from './status.ts';
import { alertsSchema, alias, suspend } from './subject.ts';

const match = withRules(
  object(
    'Which customers this object speaks of. The most specific wins whole: Id, then Tier, then Default. Immutable.',
    {
      type: choice('Id: one customer. Tier: all of a tier. Default: all others.', ['Id', 'Tier', 'Default']),
      id: text('Id of the customer, as the application sends it.', CUSTOMER_ID).exactOptional(),
      tier: text('Name of the tier.', SHORT_NAME).exactOptional(),
    },
    unionRules<{ readonly type: string }>({ Id: 'id', Tier: 'tier' }),
  ),
  [{ cel: 'self == oldSelf', message: 'match is immutable: make another Customer' }],
);

export const customerSpec = object(
  'Desired state.',
  {
    match,
    alias: alias.exactOptional(),
    budgets: budgetsSchema.exactOptional(),
    models: models('Models that calls for these customers may use; absent is all.').exactOptional(),
    alerts: alertsSchema.exactOptional(),
    suspend: suspend.exactOptional(),
  },
  [
    {
      cel: "self.match.type == 'Id' || !has(self.budgets) || self.budgets.all(budget, has(budget.period))",
      message: 'a lifetime budget belongs to one customer: with match.type Tier or Default every budget needs a period',
      holds: ({ match: { type }, budgets = [] }) =>
        type === 'Id' || budgets.every((budget) => budget.period !== undefined),
      field: 'budgets',
    },
  ],
);

export type CustomerSpec = z.output<typeof customerSpec>;

const count = (description: string): z.ZodInt => statusInteger(description, { min: 0, max: Number.MAX_SAFE_INTEGER });

export const customer: KindDefinition<'Customer', typeof customerSpec> = {
  kind: 'Customer',
  plural: 'customers',
  shortName: 'bcust',
  description: 'An end user of an application, or a tier of them, with budgets.',
  spec: customerSpec,
  status: object('Observed state.', {
    ...subjectStatus,
    aggregate: object('Of a Tier or Default: all ids that it applies to.', {
      ids: count('Ids with spend.').exactOptional(),
      exhausted: count('Ids with an exhausted budget.').exactOptional(),
      spent: statusText('Spent by all ids in their present windows, USD.', 32).exactOptional(),
    }).exactOptional(),
  }),
  columns: [
    conditionColumn('Ready'),
    { name: 'Match', path: '.spec.match.type', type: 'string', description: 'Id, Tier or Default.' },
    { name: 'Id', path: '.spec.match.id', type: 'string', description: 'Id of the customer.' },
    { name: 'Tier', path: '.spec.match.tier', type: 'string', description: 'Name of the tier.' },
    ...BUDGET_COLUMNS,
    AGE,
  ],
  selectableFields: ['.spec.match.type', '.spec.match.id', '.spec.match.tier'],
};
