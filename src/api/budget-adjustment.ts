import type { z } from 'zod';
import { parseUsd } from '../core/money.ts';
import { conditionsSchema } from './condition.ts';
import { choice, freeText, object, statusText, text } from './field.ts';
import { CUSTOMER_ID, OBJECT_NAME, SHORT_NAME_OR_ALL, TIMESTAMP, USD, isInstant } from './form.ts';
import { AGE, conditionColumn, type KindDefinition } from './kind.ts';
import { withRules } from './rule.ts';
import { observedGeneration } from './status.ts';
import { memberName } from './team.ts';

const subject = object(
  'Whose budget; in this namespace.',
  {
    kind: choice('Kind of subject.', ['VirtualKey', 'Team', 'User', 'TeamMember', 'Customer']),
    name: text('Name of the VirtualKey, Team or User.', OBJECT_NAME).exactOptional(),
    id: text('Id of the Customer.', CUSTOMER_ID).exactOptional(),
    team: text('Team of the TeamMember.', OBJECT_NAME).exactOptional(),
    user: memberName('User of the TeamMember, or namespace/name.').exactOptional(),
  },
  [
    {
      cel: "(self.kind in ['VirtualKey', 'Team', 'User']) == has(self.name)",
      message: 'name belongs to the kinds VirtualKey, Team and User',
      holds: ({ kind, name }) => (kind === 'TeamMember' || kind === 'Customer') === (name === undefined),
      field: 'name',
    },
    {
      cel: "(self.kind == 'Customer') == has(self.id)",
      message: 'id belongs to the kind Customer',
      holds: ({ kind, id }) => (kind === 'Customer') === (id !== undefined),
      field: 'id',
    },
    {
      cel: "(self.kind == 'TeamMember') == has(self.team) && has(self.team) == has(self.user)",
      message: 'team and user belong to the kind TeamMember',
      holds: ({ kind, team, user }) =>
        (kind === 'TeamMember') === (team !== undefined) && (team === undefined) === (user === undefined),
      field: 'user',
    },
  ],
);

const raise = object('A limit raised for a while. Deleting the object withdraws it.', {
  amount: withRules(text('Decimal USD added to the limit.', USD), [
    {
      cel: "quantity(self).isGreaterThan(quantity('0'))",
      message: 'must be above 0',
      holds: (amount) => (parseUsd(amount) ?? 0n) > 0n,
    },
  ]),
  until: withRules(
    text('WindowEnd, or a time.', {
      pattern: new RegExp(`^(WindowEnd|${TIMESTAMP.pattern.source.slice(1, -1)})$`),
      max: TIMESTAMP.max,
      expected: 'WindowEnd or a time such as "2027-01-01T00:00:00Z"',
    }),
    [
      {
        cel: "self == 'WindowEnd' || timestamp(self) > timestamp('1970-01-01T00:00:00Z')",
        message: 'must be WindowEnd or a time that exists',
        holds: (until) => until === 'WindowEnd' || isInstant(until),
      },
    ],
  ),
});

export const budgetAdjustmentSpec = object(
  'What to do, once. Immutable.',
  {
    subject,
    budget: text('Name of the budget, or "*" for all of the subject.', SHORT_NAME_OR_ALL),
    type: choice('Raise: add to the limit for a while. Reset: start the present window at zero.', ['Raise', 'Reset']),
    raise: raise.exactOptional(),
    reason: freeText('Why, for the audit.', 512).min(1, { error: 'must say why' }),
  },
  [
    {
      cel: "(self.type == 'Raise') == has(self.raise)",
      message: 'type Raise and the member raise belong together',
      holds: (spec) => (spec.type === 'Raise') === 'raise' in spec,
      field: 'raise',
    },
    { cel: 'self == oldSelf', message: 'an adjustment is immutable: make another one' },
  ],
);

export type BudgetAdjustmentSpec = z.output<typeof budgetAdjustmentSpec>;

const amount = (description: string): z.ZodExactOptional<z.ZodString> => statusText(description, 32).exactOptional();

export const budgetAdjustment: KindDefinition<'BudgetAdjustment', typeof budgetAdjustmentSpec> = {
  kind: 'BudgetAdjustment',
  plural: 'budgetadjustments',
  shortName: 'badj',
  description: 'A limit raised for a while, or a window started anew; handled once.',
  spec: budgetAdjustmentSpec,
  status: object('Observed state.', {
    observedGeneration: observedGeneration.exactOptional(),
    conditions: conditionsSchema.exactOptional(),
    appliedAt: statusText('When it was applied.', 40).exactOptional(),
    spentBefore: amount('Spent before, USD.'),
    limitBefore: amount('Limit before, USD.'),
    limitAfter: amount('Limit after, USD.'),
  }),
  columns: [
    conditionColumn('Applied'),
    { name: 'Type', path: '.spec.type', type: 'string', description: 'Raise or Reset.' },
    { name: 'Kind', path: '.spec.subject.kind', type: 'string', description: 'Kind of the subject.' },
    { name: 'Budget', path: '.spec.budget', type: 'string', description: 'Its budget.' },
    { name: 'Amount', path: '.spec.raise.amount', type: 'string', description: 'USD added.' },
    { name: 'Reason', path: '.spec.reason', type: 'string', description: 'Why.' },
    AGE,
  ],
  selectableFields: ['.spec.subject.kind', '.spec.subject.name'],
};
