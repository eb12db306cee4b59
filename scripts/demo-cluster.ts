/**
 * The same story in a cluster: kubectl applies the objects, the operator enforces them, the SDK spends, kubectl shows it,
 * a BudgetAdjustment raises, a delete cuts access. A real API server and Redis on this machine; nothing is left running.
 */
import { readFileSync } from 'node:fs';
import { type Budgetd, endAll } from '../test/e2e/budgetd.ts';
import { type ClusterWorld, hasClusterTools, startClusterWorld } from '../test/cluster/cluster-world.ts';
import { until } from '../test/cluster/waiting.ts';

if (!hasClusterTools()) process.exit(1);

say('0. Starting etcd, an API server, Redis, a fake provider; applying crds/ and config/rbac.');
const world = await startClusterWorld();
let operator: Budgetd | null = null;
let proxy: Budgetd | null = null;
try {
  [operator, proxy] = await Promise.all([world.startOperator(), world.startProxy()]);
  await story(world, proxy);
} finally {
  await operator?.end('SIGTERM');
  await proxy?.end('SIGTERM');
  endAll();
  await world.stop();
}
say('Everything is stopped and removed. Next: docs/operator.md.');

async function story(cluster: ClusterWorld, gateway: Budgetd): Promise<void> {
  const manifest = readFileSync('config/demo/cluster/shop.yaml', 'utf8');
  say('1. The platform team applies config/demo/cluster/shop.yaml:');
  show(manifest.slice(manifest.lastIndexOf('---\n') + 4));
  kubectl('apply', '-f', 'config/demo/cluster/shop.yaml');
  await until(() => condition('VirtualKey', 'checkout-bot', 'Ready') === 'True');
  say('2. The operator made a key and put it into a Secret, and says so on the object:');
  show(kubectl('get', 'secret', '-n', 'shop') + kubectl('get', 'vkey', '-n', 'shop'));

  const key = cluster.keyOf('shop', 'checkout-bot-key');
  say(
    `3. The application calls gpt-4o with ${key.slice(0, 6)}...${key.slice(-4)}, $0.006 each, until the day's $0.03 are spent:`,
  );
  await spend(gateway, key);
  await until(() => cluster.get('vkey', 'shop', 'checkout-bot').status.blockedBy !== '');
  await until(() => cluster.get('bteam', 'platform', 'shop').status.totalSpent === '0.03');
  show(kubectl('get', 'vkey', '-n', 'shop') + kubectl('get', 'bteam', '-n', 'platform'));

  say('4. Black Friday: somebody with that right raises the day by $0.02 (config/demo/cluster/raise.yaml).');
  kubectl('apply', '-f', 'config/demo/cluster/raise.yaml');
  await until(() => condition('BudgetAdjustment', 'inc-4711', 'Applied') === 'True');
  show(kubectl('get', 'badj', '-n', 'shop'));
  await spend(gateway, key);
  await until(() => cluster.get('vkey', 'shop', 'checkout-bot').status.budgets[0].state === 'Exhausted');
  const [daily] = cluster.get('vkey', 'shop', 'checkout-bot').status.budgets;
  show(JSON.stringify(daily, null, 2));
  const billed = cluster.provider.bill().nanos;
  say(`   The provider's own bill: $${Number(billed) / 1e9}. The object says: $${daily.spent}.`);
  if (Number(daily.spent) * 1e9 !== Number(billed)) throw new Error('the books do not match the bill');

  say('5. What happened is on the object (kubectl get events):');
  const columns = '-o=custom-columns=TYPE:.type,REASON:.reason,NOTE:.note';
  show(kubectl('get', 'events.events.k8s.io', '-n', 'shop', '--sort-by=.eventTime', columns));

  say('6. The key is deleted: the next call is refused, the spend stays in the ledger.');
  kubectl('delete', 'vkey', 'checkout-bot', '-n', 'shop');
  show(await until(async () => ((await cluster.ask(gateway, key)) === '401 invalid_key' ? '401 invalid_key' : '')));
}

/** Calls until the budget refuses. */
async function spend(gateway: Budgetd, key: string): Promise<void> {
  const answers: string[] = [];
  do answers.push(await world.ask(gateway, key));
  while (answers.at(-1) === 'served');
  show(`${answers.length - 1} calls served, then ${answers.at(-1)}`);
}

function condition(kind: string, name: string, type: string): string | undefined {
  return world.conditionOf(kind, 'shop', name, type)?.status;
}

function kubectl(...args: readonly string[]): string {
  const { code, out, err } = world.api.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`);
  return `$ kubectl ${args.join(' ')}\n${out}`;
}

function say(text: string): void {
  console.log(text);
}

function show(text: string): void {
  console.log(text.trimEnd().replace(/^/gm, '      | '));
}
