import type { z } from 'zod';
import { budgetsSchema, models } from './budget.ts';
import { callsSchema } from './call-settings.ts';
import { choice, listMap, object, text } from './field.ts';
import { OBJECT_NAME } from './form.ts';
import { AGE, BLOCKED_BY, BUDGET_COLUMNS, conditionColumn, type KindDefinition } from './kind.ts';
import { allowedNamespacesSchema } from './reference.ts';
import { subjectStatusSchema } from './status.ts';
import { alertsSchema, alias, emails, suspend, tags } from './subject.ts';

const NAME = OBJECT_NAME.pattern.source.slice(1, -1);

/** A User as a Team's member list names him. */
export function memberName(description: string): z.ZodString {
  return text(description, {
    pattern: new RegExp(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?${NAME}$`),
    max: 127,
    expected: 'the name of a User such as alice, or people/alice for one in another namespace',
  });
}

const member = object('A User and the budgets of what he spends within this Team.', {
  user: memberName('Name of a User here, or namespace/name.'),
  budgets: budgetsSchema.exactOptional(),
});

export const teamSpec = object('Desired state.', {
  alias: alias.exactOptional(),
  budgets: budgetsSchema.exactOptional(),
  models: models('Models that its keys may call; absent is all.').exactOptional(),
  membership: choice('Open (default): every User may call, under memberDefaults. Listed: only members may.', [
    'Open',
    'Listed',
  ]).exactOptional(),
  members: listMap('Users with budgets of their own within this Team.', member, {
    key: 'user',
    max: 500,
  }).exactOptional(),
  memberDefaults: object('What every member without budgets of his own gets.', {
    budgets: budgetsSchema.exactOptional(),
  }).exactOptional(),
  allowedNamespaces: allowedNamespacesSchema.exactOptional(),
  ownerEmails: emails.exactOptional(),
  alerts: alertsSchema.exactOptional(),
  calls: callsSchema.exactOptional(),
  tags: tags.exactOptional(),
  suspend: suspend.exactOptional(),
});

export type TeamSpec = z.output<typeof teamSpec>;

export const team: KindDefinition<'Team', typeof teamSpec> = {
  kind: 'Team',
  plural: 'teams',
  shortName: 'bteam',
  description: 'Budgets that several VirtualKeys share.',
  spec: teamSpec,
  status: subjectStatusSchema,
  columns: [conditionColumn('Ready'), BLOCKED_BY, ...BUDGET_COLUMNS, AGE],
  selectableFields: [],
};
