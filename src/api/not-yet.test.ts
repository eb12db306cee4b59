import { expect, test } from 'vitest';
import { interpret } from './manifest-reading.ts';
import { notYetSupported } from './not-yet.ts';

/** The fields that are refused in an object of `kind` with `spec`. */
function refused(kind: string, spec: object): string[] {
  const { object, findings } = interpret({ apiVersion: 'budgetd.dev/v1alpha1', kind, metadata: { name: 'a' }, spec });
  if (object === undefined) throw new Error(JSON.stringify(findings));
  return notYetSupported({ ...object, source: { file: 'a.yaml', line: 1, lineOf: () => 7 } }).map(
    ({ field, line, message }) => {
      expect(line).toBe(7);
      expect(message).toMatch(/^NotYetSupported: /);
      return field;
    },
  );
}

const budgets = [
  { name: 'b', limit: '1', softLimit: '1', period: '1d', mode: 'Observe', overdraft: 'Deny', models: ['a'] },
];

test('what this version obeys is accepted', () => {
  expect(
    refused('VirtualKey', {
      key: { type: 'Generated', generated: { version: 1, secretName: 'x', overlap: '1h' } },
      teamRef: { name: 't' },
      budgets,
      calls: {
        reservation: 'Max',
        maxHold: '1',
        minOutputTokens: 5,
        onAbort: 'Cancel',
        unbounded: 'Deny',
        ledgerDown: 'Deny',
      },
      expiresAt: '2027-01-01T00:00:00Z',
      suspend: true,
      tags: { a: 'b' },
    }),
  ).toEqual([]);
  expect(refused('Team', { budgets, membership: 'Open', allowedNamespaces: { from: 'All' } })).toEqual([]);
  expect(refused('User', { budgets, email: 'a@b.example' })).toEqual([]);
});

const match = { type: 'Default' };
const rules = [{ name: 'r', type: 'Exhausted', channels: ['c'] }];
const channels = [{ name: 'c', type: 'Email', email: { owners: true } }];
const adjustment = { subject: { kind: 'Team', name: 't' }, budget: 'b', type: 'Reset', reason: 'r' };

test.each([
  ['VirtualKey', { key: { type: 'Generated', generated: { every: '90d' } } }, ['spec.key.generated.every']],
  ['VirtualKey', { key: { type: 'Generated', generated: { version: 2 } } }, ['spec.key.generated.version']],
  ['VirtualKey', { customers: {} }, ['spec.customers']],
  ['VirtualKey', { alerts: [{ percent: 50 }] }, ['spec.alerts']],
  [
    'VirtualKey',
    { calls: { onAbort: 'Drain', unbounded: '1', ledgerDown: 'Allow' } },
    ['spec.calls.unbounded', 'spec.calls.onAbort', 'spec.calls.ledgerDown'],
  ],
  ['Team', { calls: { unbounded: 'ContextWindow' } }, ['spec.calls.unbounded']],
  [
    'Team',
    { membership: 'Listed', members: [], memberDefaults: {} },
    ['spec.membership', 'spec.members', 'spec.memberDefaults'],
  ],
  ['Team', { ownerEmails: ['a@b.example'], alerts: [] }, ['spec.ownerEmails', 'spec.alerts']],
  ['User', { alerts: [] }, ['spec.alerts']],
  ['Customer', { match }, ['kind']],
  ['BudgetAlertPolicy', { rules, channels }, ['kind']],
  ['BudgetAdjustment', adjustment, ['kind']],
])('%s %o is refused where it is written, not ignored', (kind, spec, fields) => {
  expect(refused(kind, spec)).toEqual(fields);
});
