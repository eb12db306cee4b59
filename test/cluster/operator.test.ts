import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Budgetd } from '../e2e/budgetd.ts';
import { endAll } from '../e2e/budgetd.ts';
import {
  type ClusterWorld,
  type Condition,
  namespaceOf,
  objectOf,
  hasClusterTools,
  startClusterWorld,
} from './cluster-world.ts';
import { until as eventually } from './waiting.ts';

const key = (name: string, spec: object = {}): object => objectOf('VirtualKey', 'shop', name, spec);

const hash = (text: string): object => ({
  key: { type: 'Hash', hash: { sha256: createHash('sha256').update(text).digest('hex') } },
});

const adjust = (name: string, spec: object): object =>
  objectOf('BudgetAdjustment', 'shop', name, {
    subject: { kind: 'VirtualKey', name: 'adjusted' },
    budget: 'cap',
    reason: 'INC-4711',
    ...spec,
  });

const customer = (name: string): object =>
  objectOf('Customer', 'shop', name, { match: { type: 'Tier', tier: 'free' } });

const team = (spec: object): object =>
  objectOf('Team', 'platform', 'lenders', { allowedNamespaces: { from: 'All' }, ...spec });

const lender = (name: string): object => objectOf('Team', 'shop', name, { budgets: [{ name: 'cap', limit: '1' }] });

describe.skipIf(!hasClusterTools())('the operator of a cluster', () => {
  let world: ClusterWorld;
  let operator: Budgetd;
  let proxy: Budgetd;

  const until = <T>(look: () => Promise<T> | T): Promise<T> => eventually(look, () => operator.log().slice(-4000));
  const ask = (token: string): Promise<string> => world.ask(proxy, token);
  const status = (kind: string, at: string, name: string) => world.get(kind, at, name)?.status ?? {};
  const conditionOf = (...at: [kind: string, namespace: string, name: string, type: string]) =>
    world.conditionOf(...at);

  beforeAll(async () => {
    world = await startClusterWorld();
    world.apply(namespaceOf('platform'), namespaceOf('shop', { 'cost-center': 'retail' }), namespaceOf('people'));
    [operator, proxy] = await Promise.all([world.startOperator(), world.startProxy()]);
  }, 120_000);

  afterAll(async () => {
    await operator?.end('SIGTERM');
    await proxy?.end('SIGTERM');
    endAll();
    await world?.stop();
  });

  test('an applied key works at once, its spend is on the object, and every event of its life binds the next call', async () => {
    world.apply(
      objectOf('Team', 'platform', 'shop', {
        budgets: [{ name: 'monthly', limit: '100', period: '1mo' }],
        allowedNamespaces: { from: 'Selector', selector: { matchLabels: { 'cost-center': 'retail' } } },
      }),
      objectOf('VirtualKey', 'shop', 'bot', {
        teamRef: { namespace: 'platform', name: 'shop' },
        budgets: [{ name: 'daily', limit: '0.012', softLimit: '0.01', period: '1d', timeZone: 'Europe/Berlin' }],
      }),
    );
    const ready = await until(
      () => conditionOf('VirtualKey', 'shop', 'bot', 'Ready')?.status === 'True' && status('VirtualKey', 'shop', 'bot'),
    );
    expect(ready.conditions.map(({ type, status: holds }: Condition) => `${type}=${holds}`)).toEqual([
      'Ready=True',
      'ReferencesResolved=True',
      'KeyReady=True',
      'Synced=True',
      'Stalled=False',
      'WithinBudget=True',
    ]);
    const token = world.keyOf('shop', 'bot-key');
    expect(ready.keys).toMatchObject([{ version: 1, hint: `sk-bd-...${token.slice(-4)}` }]);
    expect(ready.calls).toMatchObject({ reservation: 'Estimate', ledgerDown: 'Deny' });

    expect(await ask(token)).toBe('served');
    expect(await ask(token)).toBe('served');
    const spent = await until(
      () => status('VirtualKey', 'shop', 'bot').blockedBy !== '' && status('VirtualKey', 'shop', 'bot'),
    );
    expect(spent).toMatchObject({
      totalSpent: '0.012',
      tightest: { subject: 'vkey/shop/bot', budget: 'daily', spent: '0.012', limit: '0.012', usedPercent: '100 %' },
      budgets: [{ name: 'daily', spent: '0.012', state: 'Exhausted', usedPercent: 100 }],
    });
    expect(spent.blockedBy).toMatch(/^vkey\/shop\/bot budget daily until \d{4}-\d\d-\d\dT00:00:00\+0[12]:00$/);
    expect(conditionOf('VirtualKey', 'shop', 'bot', 'WithinBudget')).toMatchObject({
      status: 'False',
      reason: 'BudgetExhausted',
    });
    expect(conditionOf('VirtualKey', 'shop', 'bot', 'Ready')).toMatchObject({ status: 'True' });
    expect(await ask(token)).toBe('402 budget_exceeded');

    world.apply(
      objectOf('VirtualKey', 'shop', 'bot', {
        teamRef: { namespace: 'platform', name: 'shop' },
        budgets: [{ name: 'daily', limit: '1', period: '1d', timeZone: 'Europe/Berlin' }],
      }),
    );
    await until(async () => (await ask(token)) === 'served');

    world.remove('team', 'platform', 'shop');
    await until(async () => (await ask(token)) === '403 reference_unresolved');
    await until(() => conditionOf('VirtualKey', 'shop', 'bot', 'ReferencesResolved')?.reason === 'TeamUnresolved');

    world.remove('virtualkey', 'shop', 'bot');
    await until(async () => (await ask(token)) === '401 invalid_key');
  }, 60_000);

  const spentBy = (kind: string, name: string): string => status(kind, 'shop', name).totalSpent;
  const keyCondition = (name: string, type: string): Condition | undefined =>
    conditionOf('VirtualKey', 'shop', name, type);
  const isReady = (name: string): boolean => keyCondition(name, 'Ready')?.status === 'True';

  test('a raised version makes another key; the old one lives for its overlap and ends when that is cut', async () => {
    world.apply(key('rotated', { key: { type: 'Generated', generated: { overlap: '1h' } } }));
    await until(() => isReady('rotated'));
    const first = world.keyOf('shop', 'rotated-key');
    world.apply(key('rotated', { key: { type: 'Generated', generated: { overlap: '1h', version: 2 } } }));
    await until(() => world.keyOf('shop', 'rotated-key') !== first);
    const second = world.keyOf('shop', 'rotated-key');
    await until(async () => (await ask(second)) === 'served');
    expect(await ask(first)).toBe('served');
    const keys = await until(
      () => status('VirtualKey', 'shop', 'rotated').keys?.length === 2 && status('VirtualKey', 'shop', 'rotated').keys,
    );
    expect(keys).toMatchObject([{ version: 2 }, { version: 1, validUntil: expect.any(String) }]);
    world.apply(key('rotated', { key: { type: 'Generated', generated: { overlap: '0s', version: 2 } } }));
    await until(async () => (await ask(first)) === '401 invalid_key');
    expect(await ask(second)).toBe('served');
    expect(world.keyOf('shop', 'rotated-key')).toBe(second);
  }, 60_000);

  test('a key that is suspended or over is refused, as is one whose Team is suspended or withdrew its consent', async () => {
    const token = 'sk-of-a-key-that-people-switch-off-and-on-again';
    const lent = { ...hash(token), teamRef: { namespace: 'platform', name: 'lenders' } };
    world.apply(team({}), key('switched', lent));
    await until(async () => (await ask(token)) === 'served');
    world.apply(key('switched', { ...lent, suspend: true }));
    await until(async () => (await ask(token)) === '401 invalid_key');
    await until(() => keyCondition('switched', 'Ready')?.reason === 'Suspended');
    world.apply(key('switched', { ...lent, expiresAt: '2026-01-01T00:00:00Z' }));
    await until(() => keyCondition('switched', 'Ready')?.reason === 'Expired');
    expect(await ask(token)).toBe('401 invalid_key');
    world.apply(key('switched', lent), team({ suspend: true }));
    await until(async () => (await ask(token)) === '403 reference_unresolved');
    world.apply(team({ allowedNamespaces: { from: 'Same' } }));
    await until(() => keyCondition('switched', 'ReferencesResolved')?.status === 'False');
    expect(await ask(token)).toBe('403 reference_unresolved');
    world.apply(team({}));
    await until(async () => (await ask(token)) === 'served');
  }, 60_000);

  test('what is spent stays where it was spent: another Team, another name, delete and apply', async () => {
    const token = 'sk-of-a-key-that-moves-from-one-team-to-another';
    const moving = (teamName: string): object => ({
      ...hash(token),
      teamRef: { name: teamName },
      budgets: [{ name: 'cap', limit: '1' }],
    });
    world.apply(lender('first'), lender('second'), key('moving', moving('first')));
    await until(async () => (await ask(token)) === 'served');
    world.apply(key('moving', moving('second')));
    await until(() => status('VirtualKey', 'shop', 'moving').observedGeneration === 2);
    expect(await ask(token)).toBe('served');
    await until(() => spentBy('VirtualKey', 'moving') === '0.012' && spentBy('Team', 'second') === '0.006');
    expect(spentBy('Team', 'first')).toBe('0.006');

    // Deleted and applied again: the same counters. Under another name: new ones.
    world.remove('virtualkey', 'shop', 'moving');
    await until(async () => (await ask(token)) === '401 invalid_key');
    world.apply(key('moving', moving('second')));
    await until(() => spentBy('VirtualKey', 'moving') === '0.012');
    world.remove('virtualkey', 'shop', 'moving');
    await until(async () => (await ask(token)) === '401 invalid_key');
    world.apply(key('renamed', moving('second')));
    await until(async () => (await ask(token)) === 'served');
    await until(() => spentBy('VirtualKey', 'renamed') === '0.006' && spentBy('Team', 'second') === '0.012');
  }, 60_000);

  test('a Secret of somebody else is left alone; once it is gone the key is made', async () => {
    const theirs = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'shop', name: 'taken-key' },
      stringData: { 'api-key': 'theirs' },
    };
    world.apply(theirs, key('taken'));
    await until(() => keyCondition('taken', 'KeyReady')?.reason === 'SecretConflict');
    expect(keyCondition('taken', 'Stalled')?.status).toBe('True');
    expect(world.keyOf('shop', 'taken-key')).toBe('theirs');
    world.remove('secret', 'shop', 'taken-key');
    await until(() => isReady('taken'));
    expect(world.get('secret', 'shop', 'taken-key').metadata).toMatchObject({
      labels: { 'budgetd.dev/credential': 'virtual-key' },
      ownerReferences: [{ kind: 'VirtualKey', name: 'taken', controller: true, blockOwnerDeletion: false }],
    });
  }, 60_000);

  test('a Secret that somebody deleted is made again with another key; the old one ends with its overlap', async () => {
    const spec = { key: { type: 'Generated', generated: { overlap: '1h' } } };
    world.apply(key('bereft', spec));
    await until(() => isReady('bereft'));
    const old = world.keyOf('shop', 'bereft-key');
    world.remove('secret', 'shop', 'bereft-key');
    world.apply(key('bereft', { ...spec, alias: 'Bereft' }));
    await until(() => world.get('secret', 'shop', 'bereft-key') !== undefined);
    await until(async () => (await ask(world.keyOf('shop', 'bereft-key'))) === 'served');
    expect(world.keyOf('shop', 'bereft-key')).not.toBe(old);
    expect(await ask(old)).toBe('served');
  }, 60_000);

  test('a key from a Secret needs its label, and works when it is there', async () => {
    world.apply(key('referred', { key: { type: 'SecretRef', secretRef: { name: 'referred', key: 'token' } } }));
    await until(() => keyCondition('referred', 'KeyReady')?.reason === 'SecretMissing');
    const token = 'a-token-of-at-least-thirty-two-characters';
    const labels = { 'budgetd.dev/credential': 'virtual-key' };
    world.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'shop', name: 'referred', labels },
      stringData: { token },
    });
    await until(async () => (await ask(token)) === 'served');
    expect(status('VirtualKey', 'shop', 'referred').keys).toEqual([{ version: 1 }]);
  }, 60_000);

  test('a key that another one holds stays with the first holder, and comes free with it', async () => {
    const token = 'sk-shared-by-two-virtual-keys-of-a-namespace';
    world.apply(key('holder', hash(token)));
    await until(() => isReady('holder'));
    world.apply(key('latecomer', hash(token)));
    const inUse = await until(() =>
      keyCondition('latecomer', 'KeyReady')?.reason === 'KeyInUse' ? keyCondition('latecomer', 'KeyReady') : undefined,
    );
    expect(inUse?.message).not.toContain('holder');
    world.remove('virtualkey', 'shop', 'holder');
    await until(() => isReady('latecomer'));
    expect(await ask(token)).toBe('served');
  }, 60_000);

  test('another window under a counted name is refused, and the last good record stays in force', async () => {
    const token = 'sk-whose-budget-gets-another-window-later-on';
    world.apply(key('redefined', { ...hash(token), budgets: [{ name: 'cap', limit: '100', period: '1d' }] }));
    await until(async () => (await ask(token)) === 'served');
    world.remove('virtualkey', 'shop', 'redefined');
    await until(() => world.get('virtualkey', 'shop', 'redefined') === undefined);
    world.apply(key('redefined', { ...hash(token), budgets: [{ name: 'cap', limit: '100', period: '1mo' }] }));
    await until(() => keyCondition('redefined', 'Ready')?.reason === 'BudgetRedefined');
    expect(keyCondition('redefined', 'Stalled')?.message).toContain('add it under a new name');
    world.apply(key('redefined', { ...hash(token), budgets: [{ name: 'monthly', limit: '100', period: '1mo' }] }));
    await until(async () => (await ask(token)) === 'served');
    const events = await until(() => {
      const { out } = world.api.kubectl(['get', 'events.events.k8s.io', '-n', 'shop', '-o', 'json']);
      const found = JSON.parse(out).items.filter(
        ({ regarding }: { regarding: { name: string } }) => regarding.name === 'redefined',
      );
      const reasons: string[] = found.map(({ reason }: { reason: string }) => reason);
      return reasons.includes('SpendInherited') && reasons;
    });
    expect(events).toContain('BudgetRedefined');
  }, 60_000);

  test('a mandatory Team of the configuration binds keys of the namespaces it selects, as soon as the file says so', async () => {
    const token = 'sk-that-ends-up-under-a-mandatory-team-above';
    world.apply(
      objectOf('Team', 'platform', 'retail', { budgets: [{ name: 'all', limit: '0.001', period: '1mo' }] }),
      key('mandated', hash(token)),
    );
    await until(async () => (await ask(token)) === 'served');
    world.configure(
      '  mandatoryTeams: [{namespaces: {matchLabels: {cost-center: retail}}, teamRef: {namespace: platform, name: retail}}]',
    );
    await until(async () => (await ask(token)) === '402 budget_exceeded');
    await until(() =>
      String(status('VirtualKey', 'shop', 'mandated').blockedBy).startsWith('team/platform/retail budget all until'),
    );
    const { out } = world.api.kubectl(['get', 'vkey', 'mandated', '-n', 'shop', '--no-headers']);
    expect(out).toMatch(/^mandated +True +team\/platform\/retail budget all until \S+ +all +600 % +0\.006 +0\.001 /);
    world.configure('');
    await until(async () => (await ask(token)) === 'served');
  }, 60_000);

  test('a raise lets calls through for a while, deleting it withdraws it, a reset starts the window anew: each once', async () => {
    const token = 'sk-whose-budget-is-raised-and-reset-by-a-person';
    const isApplied = (name: string): boolean =>
      conditionOf('BudgetAdjustment', 'shop', name, 'Applied')?.status === 'True';
    world.apply(key('adjusted', { ...hash(token), budgets: [{ name: 'cap', limit: '0.006', period: '1mo' }] }));
    await until(async () => (await ask(token)) === 'served');
    expect(await ask(token)).toBe('402 budget_exceeded');

    world.apply(adjust('raise', { type: 'Raise', raise: { amount: '0.01', until: 'WindowEnd' } }));
    await until(() => isApplied('raise'));
    expect([await ask(token), await ask(token), await ask(token)]).toEqual(['served', 'served', '402 budget_exceeded']);
    expect(status('BudgetAdjustment', 'shop', 'raise')).toMatchObject({
      spentBefore: '0.006',
      limitBefore: '0.006',
      limitAfter: '0.016',
    });
    expect(conditionOf('BudgetAdjustment', 'shop', 'raise', 'Expired')?.status).toBe('False');
    await until(() => status('VirtualKey', 'shop', 'adjusted').budgets?.[0]?.raisedBy === '0.01');

    world.remove('budgetadjustment', 'shop', 'raise');
    await until(() => status('VirtualKey', 'shop', 'adjusted').budgets[0].raisedBy === undefined);
    expect(await ask(token)).toBe('402 budget_exceeded');

    world.apply(adjust('reset', { type: 'Reset' }));
    await until(() => isApplied('reset'));
    expect(await ask(token)).toBe('served');
    expect(await ask(token)).toBe('402 budget_exceeded');
    await until(() => status('VirtualKey', 'shop', 'adjusted').budgets[0].spent === '0.006');
    expect(status('VirtualKey', 'shop', 'adjusted').totalSpent).toBe('0.024');

    // Handled once: another look at the same object changes nothing.
    expect(await operator.end('SIGTERM')).toBe(0);
    operator = await world.startOperator();
    await operator.logged('ledger: writing');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await ask(token)).toBe('402 budget_exceeded');

    world.apply(adjust('nothing', { budget: 'weekly', type: 'Reset' }));
    const refused = await until(() => conditionOf('BudgetAdjustment', 'shop', 'nothing', 'Stalled')?.status === 'True');
    expect(refused).toBe(true);
    expect(conditionOf('BudgetAdjustment', 'shop', 'nothing', 'Applied')?.message).toContain('it has cap');
  }, 60_000);

  test('what this version does not obey, and what an older one stored, is said and never half in force', async () => {
    const token = 'sk-whose-object-was-stored-under-other-rules';
    world.apply(key('stored', { ...hash(token), budgets: [{ name: 'cap', limit: '100', period: '1d' }] }));
    await until(async () => (await ask(token)) === 'served');
    world.apply(
      key('stored', {
        ...hash(token),
        budgets: [{ name: 'cap', limit: '100', period: '1d' }],
        calls: { ledgerDown: 'Allow' },
      }),
    );
    await until(() => keyCondition('stored', 'Ready')?.reason === 'NotYetSupported');
    const loose = [
      {
        op: 'replace',
        path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/budgets',
        value: { 'x-kubernetes-preserve-unknown-fields': true },
      },
    ];
    const patched = world.api.kubectl([
      'patch',
      'crd',
      'virtualkeys.budgetd.dev',
      '--type=json',
      '-p',
      JSON.stringify(loose),
    ]);
    expect(patched.err).toBe('');
    process.kill(operator.pid, 'SIGSTOP');
    await until(() => {
      // The server takes a moment to read its changed schema.
      world.api.kubectl(['apply', '-f', '-'], JSON.stringify(key('stored', { ...hash(token), budgets: 'many' })));
      return world.get('virtualkey', 'shop', 'stored').spec.budgets === 'many';
    });
    world.api.kubectl(['apply', '--server-side', '--force-conflicts', '-f', 'crds/budgetd.dev_virtualkeys.yaml']);
    await until(() => {
      const other = JSON.stringify(key('other', { budgets: 'many' }));
      return world.api.kubectl(['apply', '--dry-run=server', '-f', '-'], other).code !== 0;
    });
    // The strict schema is back before the operator sees the object.
    process.kill(operator.pid, 'SIGCONT');
    const invalid = await until(() =>
      keyCondition('stored', 'Ready')?.reason === 'InvalidSpec' ? keyCondition('stored', 'Ready') : undefined,
    );
    expect(invalid?.message).toContain('spec.budgets: found the text "many"; expected a list');
    expect(await ask(token)).toBe('served');
    world.remove('virtualkey', 'shop', 'stored');
    await until(async () => (await ask(token)) === '401 invalid_key');
  }, 60_000);

  test('of two Customers with one match the older applies', async () => {
    world.apply(customer('b'));
    await until(() => conditionOf('Customer', 'shop', 'b', 'Ready')?.reason === 'NotYetSupported');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    world.apply(customer('a'));
    await until(() => conditionOf('Customer', 'shop', 'a', 'Ready')?.reason === 'DuplicateMatch');
    world.remove('customer', 'shop', 'b');
    await until(() => conditionOf('Customer', 'shop', 'a', 'Ready')?.reason === 'NotYetSupported');
  }, 60_000);

  test('a restart without changes writes no object', async () => {
    const versions = () =>
      JSON.parse(world.api.kubectl(['get', 'budgetd,secrets', '-A', '-o', 'json']).out).items.map(
        ({ metadata }: { metadata: Record<string, string> }) => `${metadata['name']} ${metadata['resourceVersion']}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const before = versions();
    expect(await operator.end('SIGTERM')).toBe(0);
    operator = await world.startOperator();
    await operator.logged('ledger: writing');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(versions()).toEqual(before);
  }, 60_000);

  const get = async (path: string): Promise<string> => (await fetch(`${operator.adminUrl}${path}`)).text();

  test('probes and metrics: ready with complete caches, leading, without defects', async () => {
    expect([await get('/healthz'), await get('/readyz')]).toEqual(['ok\n', 'ok\n']);
    const metrics = await get('/metrics');
    expect(metrics).toContain('leader_election_master_status{name="budgetd-operator"} 1');
    expect(metrics).toMatch(
      /controller_runtime_reconcile_total\{controller="virtualkey",result="requeue_after"\} [1-9]/,
    );
    expect(metrics).toContain('controller_runtime_reconcile_panics_total{controller="virtualkey"} 0');
    expect(metrics).toContain(
      'budgetd_budget_limit_usd{kind="team",namespace="platform",name="retail",budget="all"} 0.001',
    );
    expect(metrics).toMatch(/rest_client_requests_total\{code="200",method="GET",host="127.0.0.1:\d+"\} [1-9]/);
  });

  test.each([
    ['list', 'secrets'],
    ['watch', 'secrets'],
    ['delete', 'secrets'],
    ['update', 'secrets'],
    ['create', 'virtualkeys.budgetd.dev'],
    ['patch', 'virtualkeys.budgetd.dev'],
    ['update', 'teams.budgetd.dev'],
    ['delete', 'virtualkeys.budgetd.dev'],
    ['create', 'budgetadjustments.budgetd.dev'],
    ['patch', 'namespaces'],
    ['get', 'pods'],
    ['get', 'configmaps'],
    ['create', 'clusterrolebindings.rbac.authorization.k8s.io'],
    ['delete', 'leases.coordination.k8s.io'],
  ])('the role of the operator cannot %s %s', (verb, resource) => {
    const account = '--as=system:serviceaccount:budgetd-system:budgetd-operator';
    for (const at of ['shop', 'budgetd-system']) {
      expect(world.api.kubectl(['auth', 'can-i', verb, resource, account, '-n', at]).out.trim()).toBe('no');
    }
  });
});
