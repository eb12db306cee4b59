import * as fc from 'fast-check';
import { WEEKDAYS } from '../../src/api/budget.ts';
import type { Kind } from '../../src/api/kinds.ts';
import { formatUsd } from '../../src/core/money.ts';
import { CALENDAR_PERIODS, TIMES, ZONES } from './edges.ts';

/* Specifications that are valid by construction: every cross-field rule is obeyed. One arbitrary per kind. */

export type Json = Readonly<Record<string, unknown>>;

const text = (pattern: RegExp): fc.Arbitrary<string> => fc.stringMatching(pattern, { size: 'max' });

/** A record of which every member may be absent, and one of which only some may. */
const optional = <T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Json> =>
  fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<Json>;
const merged = (...parts: fc.Arbitrary<Json>[]): fc.Arbitrary<Json> =>
  fc.tuple(...parts).map((each) => Object.assign({}, ...each) as Json);

const shortName = text(/^[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?$/);
const objectName = text(/^[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?(\.[a-z0-9]{1,4}){0,2}$/);
const email = text(/^[A-Za-z0-9!#'*+_-]{1,8}(\.[a-z]{1,4})?@([a-z0-9]{1,8}\.){1,2}[a-z]{2,4}$/);
const emails = fc.uniqueArray(email, { minLength: 1, maxLength: 3 });
const customerId = text(/^[A-Za-z0-9._@:+-]{1,20}$/);
const duration = text(/^(0|[1-9][0-9]{0,5})[smhd]$/);
const display = (max: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) =>
    Array.from(value.replaceAll(/\p{Cc}/gu, ''))
      .slice(0, max)
      .join(''),
  );
const tags = fc
  .uniqueArray(fc.tuple(text(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/), display(256)), {
    selector: ([key]) => key,
    maxLength: 4,
  })
  .map((entries) => Object.fromEntries(entries));
const models = fc.uniqueArray(text(/^[A-Za-z0-9*._:/@+~-]{1,16}$/), { minLength: 1, maxLength: 4 });
const secretKeyRef = fc.record({ name: objectName, key: text(/^[-._a-zA-Z0-9]{1,12}$/) });
const objectRef = merged(fc.record({ name: objectName }), optional({ namespace: shortName }));

const LARGEST_NANOS = 999_999_999_999_999_999n;
const nanos = fc.oneof(
  fc.bigInt(0n, LARGEST_NANOS),
  fc.bigInt(0n, 1000n).map((usd) => usd * 1_000_000_000n),
  fc.constantFrom(0n, 1n, LARGEST_NANOS),
);
const usd = nanos.map(formatUsd);
const limits = fc.oneof(
  usd.map((limit) => ({ limit })),
  usd.map((softLimit) => ({ softLimit })),
  fc.tuple(nanos, nanos).map(([a, b]) => ({ softLimit: formatUsd(a < b ? a : b), limit: formatUsd(a < b ? b : a) })),
);

const at = text(
  /^20[2-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$/,
);
const time = fc.oneof(at, fc.constantFrom(...TIMES));
const anchor = fc.oneof(
  text(/^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$/),
  fc.constantFrom('2024-02-29T00:00', '2000-02-29T23:59:59', '2026-12-31T12:00', '2199-04-30T00:00'),
);

const timeZone = fc.constantFrom(...ZONES);
const window = fc.oneof(
  fc.constant({}),
  merged(
    fc.record({ period: fc.constantFrom(...CALENDAR_PERIODS) }),
    optional({ alignment: fc.constant('Calendar'), timeZone }),
  ),
  merged(
    fc.record({ period: fc.constantFrom('1w', '7d') }),
    optional({ weekStart: fc.constantFrom(...WEEKDAYS), timeZone }),
  ),
  merged(
    fc.record({ period: text(/^[1-9][0-9]{0,3}(mo|[mhdwqy])$/), alignment: fc.constant('Anchored'), anchor }),
    optional({ timeZone }),
  ),
);

const budgetNamed = (name: fc.Arbitrary<string>): fc.Arbitrary<Json> =>
  merged(
    fc.record({ name }),
    limits,
    window,
    optional({ models, mode: fc.constantFrom('Enforce', 'Observe'), overdraft: fc.constantFrom('Allow', 'Deny') }),
  );
const budgetsOf = (budget: fc.Arbitrary<Json>, minLength: number, maxLength: number): fc.Arbitrary<Json[]> =>
  fc.uniqueArray(budget, { selector: ({ name }) => name, minLength, maxLength });

const anyBudgets = budgetsOf(budgetNamed(shortName), 0, 3);

/** Budgets of few names, so that two specifications are likely to share one. */
const fewBudgets = budgetsOf(budgetNamed(fc.constantFrom('daily', 'total')), 1, 2);

const budgetNames = fc.uniqueArray(fc.oneof(shortName, fc.constant('*')), { minLength: 1, maxLength: 4 });
const alerts = fc.uniqueArray(
  merged(fc.record({ percent: fc.integer({ min: 1, max: 100 }) }), optional({ budgets: budgetNames, emails })),
  { selector: ({ percent }) => percent, maxLength: 3 },
);
const calls = optional({
  reservation: fc.constantFrom('None', 'Estimate', 'Max', 'Auto'),
  maxHold: usd,
  minOutputTokens: fc.integer({ min: 1, max: 1_000_000 }),
  onAbort: fc.constantFrom('Cancel', 'Drain'),
  unbounded: fc.oneof(fc.constantFrom('Deny', 'ContextWindow'), usd),
  ledgerDown: fc.constantFrom('Deny', 'Allow'),
});

const labelKey = text(/^([a-z0-9]{1,6}(\.[a-z]{1,4})?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9])?$/);
const labelValue = text(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9])?)?$/);
const requirement = fc.oneof(
  fc.record({
    key: labelKey,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(labelValue, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key: labelKey, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const selector = optional({
  matchLabels: fc.array(fc.tuple(labelKey, labelValue), { maxLength: 3 }).map((each) => Object.fromEntries(each)),
  matchExpressions: fc.array(requirement, { maxLength: 3 }),
});
const allowedNamespaces = fc.oneof(
  fc.record({ from: fc.constantFrom('Same', 'All') }),
  fc.record({ from: fc.constant('Selector'), selector }),
);

const generated = optional({
  secretName: objectName,
  version: fc.integer({ min: 1, max: 2_147_483_647 }),
  overlap: duration,
  every: text(/^[1-9][0-9]{0,4}[hd]$/),
  deletionPolicy: fc.constantFrom('Delete', 'Retain'),
});
const key = fc.oneof(
  merged(fc.constant({ type: 'Generated' }), optional({ generated })),
  fc.record({ type: fc.constant('SecretRef'), secretRef: secretKeyRef }),
  fc.record({ type: fc.constant('Hash'), hash: fc.record({ sha256: text(/^[0-9a-f]{64}$/) }) }),
);
const customers = optional({
  from: fc.array(fc.constantFrom('Header', 'OpenAIUser', 'AnthropicUserId', 'SafetyIdentifier'), {
    minLength: 1,
    maxLength: 4,
  }),
  required: fc.boolean(),
  tiers: fc.uniqueArray(shortName, { minLength: 1, maxLength: 4 }),
});

const virtualKey = (budgets: fc.Arbitrary<Json[]>): fc.Arbitrary<Json> =>
  optional({
    alias: display(128),
    key,
    teamRef: objectRef,
    userRef: objectRef,
    customers,
    models,
    budgets,
    alerts,
    calls,
    expiresAt: time,
    suspend: fc.boolean(),
    tags,
  });

const memberName = fc.tuple(fc.boolean(), shortName, objectName).map(([far, ns, own]) => (far ? `${ns}/${own}` : own));
const team = (budgets: fc.Arbitrary<Json[]>, user: fc.Arbitrary<string>): fc.Arbitrary<Json> =>
  optional({
    alias: display(128),
    budgets,
    models,
    membership: fc.constantFrom('Open', 'Listed'),
    members: fc.uniqueArray(merged(fc.record({ user }), optional({ budgets })), {
      selector: (member) => member['user'],
      maxLength: 3,
    }),
    memberDefaults: optional({ budgets }),
    allowedNamespaces,
    ownerEmails: emails,
    alerts,
    calls,
    tags,
    suspend: fc.boolean(),
  });

const user = (budgets: fc.Arbitrary<Json[]>): fc.Arbitrary<Json> =>
  optional({ alias: display(128), email, budgets, models, allowedNamespaces, alerts, tags, suspend: fc.boolean() });

const match = fc.oneof(
  fc.record({ type: fc.constant('Id'), id: customerId }),
  fc.record({ type: fc.constant('Tier'), tier: shortName }),
  fc.constant({ type: 'Default' }),
);
const customer = (budgets: fc.Arbitrary<Json[]>): fc.Arbitrary<Json> =>
  merged(fc.record({ match }), optional({ alias: display(128), budgets, models, alerts, suspend: fc.boolean() })).map(
    (spec) => ((spec['match'] as Json)['type'] === 'Id' ? spec : withoutLifetimeBudgets(spec)),
  );

function withoutLifetimeBudgets(spec: Json): Json {
  const budgets = spec['budgets'] as Json[] | undefined;
  return budgets === undefined ? spec : { ...spec, budgets: budgets.filter((budget) => 'period' in budget) };
}

const channel = fc.oneof(
  fc.record({
    name: shortName,
    type: fc.constant('Slack'),
    slack: fc.record({ webhookUrlRef: secretKeyRef }),
  }),
  fc.record({
    name: shortName,
    type: fc.constant('Webhook'),
    webhook: merged(
      fc.record({
        url: text(/^https:\/\/([a-z]{1,8}\.[a-z]{2,4}|\[[0-9a-f:]{2,9}\])(:[0-9]{1,5})?([/?][!-~]{0,20})?$/),
      }),
      optional({ signingSecretRef: secretKeyRef }),
    ),
  }),
  fc.record({
    name: shortName,
    type: fc.constant('Email'),
    email: fc.oneof(
      fc.constant({ owners: true }),
      merged(fc.record({ to: emails }), optional({ owners: fc.boolean() })),
    ),
  }),
  fc.record({ name: shortName, type: fc.constant('Shared'), shared: fc.record({ name: shortName }) }),
);
const subjects = optional({
  kinds: fc.uniqueArray(fc.constantFrom('VirtualKey', 'Team', 'User', 'TeamMember', 'Customer'), {
    minLength: 1,
    maxLength: 5,
  }),
  teamRef: objectRef,
  selector,
  budgets: budgetNames,
});

const rulePart = fc.oneof(
  fc.record({ type: fc.constantFrom('Threshold', 'Projected'), percent: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ type: fc.constant('KeyExpiring'), before: duration }),
  fc.record({ type: fc.constantFrom('SoftLimit', 'Exhausted', 'Refused', 'Recovered', 'WindowClosed') }),
);
const policy: fc.Arbitrary<Json> = fc
  .uniqueArray(channel, { selector: ({ name }) => name, minLength: 1, maxLength: 3 })
  .chain((channels) => {
    const named = fc.uniqueArray(fc.constantFrom(...channels.map(({ name }) => name)), { minLength: 1 });
    const rule = merged(fc.record({ name: shortName, channels: named }), rulePart, optional({ digest: duration }));
    const rules = fc.uniqueArray(rule, { selector: ({ name }) => name, minLength: 1, maxLength: 3 });
    return merged(
      fc.record({ rules, channels: fc.constant(channels) }),
      optional({ subjects, repeatEvery: duration, suspend: fc.boolean() }),
    );
  });

const adjustedSubject = fc.oneof(
  fc.record({ kind: fc.constantFrom('VirtualKey', 'Team', 'User'), name: objectName }),
  fc.record({ kind: fc.constant('Customer'), id: customerId }),
  fc.record({ kind: fc.constant('TeamMember'), team: objectName, user: memberName }),
);
const adjustment: fc.Arbitrary<Json> = merged(
  fc.record({
    subject: adjustedSubject,
    budget: fc.oneof(shortName, fc.constant('*')),
    reason: display(500).map((why) => `r${why}`),
  }),
  fc.oneof(
    fc.constant<Json>({ type: 'Reset' }),
    fc.record({
      type: fc.constant('Raise'),
      raise: fc.record({
        amount: nanos.map((amount) => formatUsd(amount === 0n ? 1n : amount)),
        until: fc.oneof(fc.constant('WindowEnd'), time),
      }),
    }),
  ),
);

/** Valid specifications of each kind, with budgets of any names. */
export const SPECS: Readonly<Record<Kind, fc.Arbitrary<Json>>> = {
  VirtualKey: virtualKey(anyBudgets),
  Team: team(anyBudgets, memberName),
  User: user(anyBudgets),
  Customer: customer(anyBudgets),
  BudgetAlertPolicy: policy,
  BudgetAdjustment: adjustment,
};

const withFewBudgets = (spec: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  merged(spec, fc.record({ budgets: fewBudgets }));

/** Valid specifications of the kinds with immutable parts, with few names, so that two of them speak of the same things. */
export const EDITED_SPECS: Readonly<Record<Exclude<Kind, 'BudgetAlertPolicy'>, fc.Arbitrary<Json>>> = {
  VirtualKey: withFewBudgets(virtualKey(fewBudgets)),
  Team: withFewBudgets(team(fewBudgets, fc.constantFrom('alice', 'people/bob'))),
  User: withFewBudgets(user(fewBudgets)),
  Customer: customer(fewBudgets),
  BudgetAdjustment: adjustment,
};
