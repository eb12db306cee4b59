import type { z } from 'zod';
import { channelSchema } from './alert-channel.ts';
import { conditionsSchema } from './condition.ts';
import { choice, integer, listMap, object, set, statusInteger, statusText, text } from './field.ts';
import { DURATION, SHORT_NAME } from './form.ts';
import { AGE, conditionColumn, type KindDefinition } from './kind.ts';
import { labelSelectorSchema, objectRef } from './reference.ts';
import { observedGeneration } from './status.ts';
import { budgetNames, suspend } from './subject.ts';

const subjects = object('Which subjects of this namespace; absent is all. Every member must hold.', {
  kinds: set('Kinds of subject.', choice('One kind.', ['VirtualKey', 'Team', 'User', 'TeamMember', 'Customer']), {
    max: 5,
    min: 1,
  }).exactOptional(),
  teamRef: objectRef('Only subjects of this Team.').exactOptional(),
  selector: labelSelectorSchema.exactOptional(),
  budgets: budgetNames.exactOptional(),
});

const rule = object(
  'One rule.',
  {
    name: text('Unique within the policy.', SHORT_NAME),
    type: choice('What is alerted on.', [
      'Threshold',
      'SoftLimit',
      'Exhausted',
      'Refused',
      'Projected',
      'Recovered',
      'WindowClosed',
      'KeyExpiring',
    ]),
    percent: integer('Whole percent of the limit; with Threshold and Projected.', { min: 1, max: 100 }).exactOptional(),
    before: text('How long before the end of the key; with KeyExpiring.', DURATION).exactOptional(),
    channels: set('Names of channels of this policy.', text('Name of a channel.', SHORT_NAME), { max: 8, min: 1 }),
    digest: text('Collect alerts of this rule for so long and send them as one.', DURATION).exactOptional(),
  },
  [
    {
      cel: "(self.type in ['Threshold', 'Projected']) == has(self.percent)",
      message: 'percent belongs to the types Threshold and Projected',
      holds: ({ type, percent }) => (type === 'Threshold' || type === 'Projected') === (percent !== undefined),
      field: 'percent',
    },
    {
      cel: "(self.type == 'KeyExpiring') == has(self.before)",
      message: 'before belongs to the type KeyExpiring',
      holds: ({ type, before }) => (type === 'KeyExpiring') === (before !== undefined),
      field: 'before',
    },
  ],
);

export const budgetAlertPolicySpec = object(
  'Desired state.',
  {
    subjects: subjects.exactOptional(),
    rules: listMap('What is alerted on.', rule, { key: 'name', max: 32, min: 1 }),
    repeatEvery: text(
      'Repeat an alert that still holds this often; absent is once per window.',
      DURATION,
    ).exactOptional(),
    channels: listMap('Where alerts go.', channelSchema, { key: 'name', max: 16, min: 1 }),
    suspend: suspend.meta({ description: 'True: send nothing, defaults included.' }).exactOptional(),
  },
  [
    {
      cel: 'self.rules.all(rule, rule.channels.all(name, self.channels.exists(channel, channel.name == name)))',
      message: 'every channel that a rule names must be one of channels',
      holds: ({ rules, channels }) =>
        rules.every((each) => each.channels.every((name) => channels.some((channel) => channel.name === name))),
      field: 'rules',
    },
  ],
);

export type BudgetAlertPolicySpec = z.output<typeof budgetAlertPolicySpec>;

const count = (description: string): z.ZodInt => statusInteger(description, { min: 0, max: Number.MAX_SAFE_INTEGER });

const channelStatus = object('Where one channel stands.', {
  name: statusText('Its name.', 32),
  delivered: count('Deliveries that arrived.').exactOptional(),
  deadLetters: count('Deliveries that were given up and can be replayed.').exactOptional(),
  lastError: statusText('Why the last failed one failed.', 512).exactOptional(),
});

export const budgetAlertPolicy: KindDefinition<'BudgetAlertPolicy', typeof budgetAlertPolicySpec> = {
  kind: 'BudgetAlertPolicy',
  plural: 'budgetalertpolicies',
  shortName: 'bap',
  description: 'Who is told what about the budgets of this namespace.',
  spec: budgetAlertPolicySpec,
  status: object('Observed state.', {
    observedGeneration: observedGeneration.exactOptional(),
    conditions: conditionsSchema.exactOptional(),
    channels: listMap('Its channels.', channelStatus, { key: 'name', max: 16 }).exactOptional(),
  }),
  columns: [conditionColumn('Ready'), conditionColumn('ChannelsReady'), AGE],
  selectableFields: [],
};
