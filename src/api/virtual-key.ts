import type { z } from 'zod';
import { budgetsSchema, models } from './budget.ts';
import { callsSchema } from './call-settings.ts';
import { choice, flag, integer, list, listMap, object, set, statusInteger, statusText, text } from './field.ts';
import { DURATION, LONG_OBJECT_NAME, SHORT_NAME, TIMESTAMP, isInstant } from './form.ts';
import { AGE, BLOCKED_BY, BUDGET_COLUMNS, conditionColumn, type KindDefinition } from './kind.ts';
import { objectRef, secretKeyRef } from './reference.ts';
import { unionRules, withRules } from './rule.ts';
import { subjectStatus } from './status.ts';
import { alertsSchema, alias, suspend, tags } from './subject.ts';

const generated = object('A key that budgetd makes and writes into a Secret.', {
  secretName: text('Name of the Secret; absent is <name>-key.', LONG_OBJECT_NAME).exactOptional(),
  version: integer('Raise it to rotate the key now; absent is 1.', { min: 1, max: 2_147_483_647 }).exactOptional(),
  overlap: text('How long the previous key stays valid after a rotation; absent is 24h.', DURATION).exactOptional(),
  every: text('Rotate by itself this often; absent is never.', {
    pattern: /^[1-9][0-9]{0,4}[hd]$/,
    max: 6,
    expected: 'a whole number of h or d such as 90d',
  }).exactOptional(),
  deletionPolicy: choice('What happens to the Secret when the VirtualKey goes: Delete (default) or Retain.', [
    'Delete',
    'Retain',
  ]).exactOptional(),
});

const keySchema = object(
  'Where the secret key comes from; absent is type Generated with its defaults. type is immutable.',
  {
    type: choice('Generated: budgetd makes it. SecretRef: a Secret holds it. Hash: only its SHA-256 is known.', [
      'Generated',
      'SecretRef',
      'Hash',
    ]),
    generated: generated.exactOptional(),
    secretRef: secretKeyRef(
      'Secret with the label budgetd.dev/credential=virtual-key that holds a key of at least 32 characters.',
    ).exactOptional(),
    hash: object('A key that only its callers know.', {
      sha256: text('SHA-256 of the key.', {
        pattern: /^[0-9a-f]{64}$/,
        max: 64,
        expected: 'a SHA-256: 64 lower case hexadecimal digits',
      }),
    }).exactOptional(),
  },
  [
    {
      cel: "self.type == 'Generated' || !has(self.generated)",
      message: 'generated belongs to type Generated',
      holds: (key) => key.type === 'Generated' || !('generated' in key),
      field: 'generated',
    },
    ...unionRules<{ readonly type: string }>({ SecretRef: 'secretRef', Hash: 'hash' }),
  ],
);

const customers = object('How calls name the end user they are made for.', {
  from: list(
    'Where the id may stand, in this order; absent is [Header].',
    choice('One source.', ['Header', 'OpenAIUser', 'AnthropicUserId', 'SafetyIdentifier']),
    { max: 4, min: 1 },
  ).exactOptional(),
  required: flag('True: refuse calls without an id.').exactOptional(),
  tiers: set('Tiers that the header x-budgetd-customer-tier may name.', text('Tier.', SHORT_NAME), {
    max: 16,
    min: 1,
  }).exactOptional(),
});

const expiresAt = withRules(text('When the key ends; absent is never.', TIMESTAMP), [
  {
    cel: "timestamp(self) > timestamp('1970-01-01T00:00:00Z')",
    message: 'must be a time that exists',
    holds: isInstant,
  },
]);

export const virtualKeySpec = object(
  'Desired state.',
  {
    alias: alias.exactOptional(),
    key: keySchema.exactOptional(),
    teamRef: objectRef('Team whose budgets the calls are charged to as well.').exactOptional(),
    userRef: objectRef('User whose budgets the calls are charged to as well.').exactOptional(),
    customers: customers.exactOptional(),
    models: models('Models that the key may call; absent is all.').exactOptional(),
    budgets: budgetsSchema.exactOptional(),
    alerts: alertsSchema.exactOptional(),
    calls: callsSchema.exactOptional(),
    expiresAt: expiresAt.exactOptional(),
    suspend: suspend.exactOptional(),
    tags: tags.exactOptional(),
  },
  [
    {
      cel: "(has(self.key) ? self.key.type : 'Generated') == (has(oldSelf.key) ? oldSelf.key.type : 'Generated')",
      message: 'key.type is immutable: make another VirtualKey',
    },
  ],
);

export type VirtualKeySpec = z.output<typeof virtualKeySpec>;

const issuedKey = object('One issued key.', {
  version: statusInteger('Its version.', { min: 1, max: 2_147_483_647 }),
  hint: statusText('Its first and last characters; absent for SecretRef and Hash.', 32).exactOptional(),
  createdAt: statusText('When it was made.', 40).exactOptional(),
  validUntil: statusText('When it ends, during an overlap.', 40).exactOptional(),
});

export const virtualKey: KindDefinition<'VirtualKey', typeof virtualKeySpec> = {
  kind: 'VirtualKey',
  plural: 'virtualkeys',
  shortName: 'vkey',
  description:
    'A key for LLM traffic with budgets of its own and of the Team, User and customers that its calls are charged to.',
  spec: virtualKeySpec,
  status: object('Observed state.', {
    ...subjectStatus,
    keys: listMap('Keys that are valid.', issuedKey, { key: 'version', max: 8 }).exactOptional(),
  }),
  columns: [
    conditionColumn('Ready'),
    BLOCKED_BY,
    { name: 'Team', path: '.spec.teamRef.name', type: 'string', description: 'Its Team.' },
    ...BUDGET_COLUMNS,
    AGE,
  ],
  selectableFields: ['.spec.teamRef.name', '.spec.teamRef.namespace', '.spec.userRef.name', '.spec.userRef.namespace'],
};
