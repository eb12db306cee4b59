import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { type Budgetd, startBudgetd } from '../e2e/budgetd.ts';
import { hasRedis, type RedisServer, startRedis } from '../integration/redis-server.ts';
import { type FakeProvider, startFakeProvider } from '../provider/fake-provider.ts';
import { hasControlPlane } from '../tools/control-plane.ts';
import { type ApiServer, startApiServer } from './api-server.ts';

/** Whether the control plane and Redis can be started here; what is missing is said, and is an error in CI. */
export function hasClusterTools(): boolean {
  return hasControlPlane() && hasRedis();
}

const PRICES = { input: 2_500_000n, cached: 1_250_000n, output: 10_000_000n };

/** A cluster with budgetd's kinds, a Redis, a provider: everything real but the provider's bill. */
export interface ClusterWorld {
  readonly api: ApiServer;
  readonly redis: RedisServer;
  readonly provider: FakeProvider;
  readonly folder: string;
  /** The operator's configuration file. */
  readonly config: string;
  /** Writes the operator's configuration with these further lines of the platform part. */
  configure(platform: string): void;
  /** A kubeconfig of a ServiceAccount, with a token from the TokenRequest API. */
  kubeconfigOf(namespace: string, account: string): string;
  /** `kubectl apply` of objects; throws what kubectl says. */
  apply(...objects: readonly object[]): void;
  remove(kind: string, namespace: string, name: string): void;
  /** An object as the server has it; undefined: none. */
  // oxlint-disable-next-line typescript/no-explicit-any
  get(kind: string, namespace: string, name: string): any;
  conditionOf(kind: string, namespace: string, name: string, type: string): Condition | undefined;
  /** The virtual key in a Secret. */
  keyOf(namespace: string, secret: string): string;
  /** One call of 1,200 and 300 tokens, $0.006: `served`, or status and code. */
  ask(proxy: Budgetd, key: string): Promise<string>;
  startOperator(config?: string): Promise<Budgetd>;
  startProxy(): Promise<Budgetd>;
  /** A command of budgetd with the operator's configuration; its standard output. */
  budgetd(command: string, ...flags: readonly string[]): string;
  stop(): Promise<void>;
}

export async function startClusterWorld(): Promise<ClusterWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-operator-'));
  const [api, redis, provider] = await Promise.all([
    startApiServer(),
    startRedis(),
    startFakeProvider({ prices: PRICES, models: ['gpt-4o'], credential: 'sk-provider-secret' }),
  ]);
  run(api, ['apply', '--server-side', '-f', 'crds', '-f', 'config/rbac']);
  run(api, ['wait', '--for=condition=Established', '--timeout=30s', '-f', 'crds']);
  const ledger = `ledger: {redis: {url: "redis://127.0.0.1:${redis.port}"}}`;
  const config = join(folder, 'operator.yaml');
  const configure = (platform: string): void =>
    writeFileSync(
      config,
      `listen: {admin: "127.0.0.1:0"}
${ledger}
operator: {status: {perObject: 1s}}
platform:
  providers: [{name: openai, api: openai, baseUrl: "${provider.url}", default: true}]
  prices: [{provider: openai, model: "gpt-4o", input: "2.50", cacheRead: "1.25", output: "10", contextWindow: 128000, maxOutputTokens: 16384}]
${platform}
`,
    );
  configure('');
  const proxyConfig = join(folder, 'proxy.yaml');
  writeFileSync(
    proxyConfig,
    `listen: {proxy: "127.0.0.1:0", admin: "127.0.0.1:0"}\n${ledger}\ncredentials: {openai: {env: OPENAI_API_KEY}}\n`,
  );
  let proxies = 0;
  const kubeconfigOf = (namespace: string, account: string): string => {
    const token = run(api, ['create', 'token', account, '-n', namespace, '--duration=1h']).trim();
    const file = join(folder, `${account}.kubeconfig`);
    writeFileSync(file, api.kubeconfigFor(token, namespace));
    return file;
  };
  const world: ClusterWorld = {
    api,
    redis,
    provider,
    folder,
    config,
    configure,
    kubeconfigOf,
    apply: (...objects) =>
      void run(api, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })),
    remove: (kind, namespace, name) => void run(api, ['delete', kind, name, '-n', namespace, '--wait=false']),
    get(kind, namespace, name) {
      const { code, out } = api.kubectl(['get', kind, name, '-n', namespace, '-o', 'json', '--ignore-not-found']);
      return code === 0 && out !== '' ? JSON.parse(out) : undefined;
    },
    conditionOf(kind, at, name, type) {
      const conditions: Condition[] = world.get(kind, at, name)?.status?.conditions ?? [];
      return conditions.find((condition) => condition.type === type);
    },
    keyOf: (at, secret) => Buffer.from(world.get('secret', at, secret).data['api-key'], 'base64').toString('utf8'),
    ask,
    startOperator: (file = config) =>
      startBudgetd(['operator', '--config', file], {
        KUBECONFIG: kubeconfigOf('budgetd-system', 'budgetd-operator'),
      }),
    startProxy() {
      proxies += 1;
      return startBudgetd(['proxy', '--config', proxyConfig, '--state', join(folder, `proxy-${proxies}`)]);
    },
    budgetd: (command, ...flags) =>
      spawnSync(process.execPath, ['dist/main.js', command, '--config', config, ...flags], { encoding: 'utf8' }).stdout,
    async stop() {
      await Promise.all([api.stop(), redis.stop(), provider.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

async function ask(proxy: Budgetd, key: string): Promise<string> {
  const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: key, maxRetries: 0 });
  const content = `@fake ${JSON.stringify({ input: 1_200, output: 300 })}`;
  try {
    await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content }] });
    return 'served';
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return `${error.status} ${error.code}`;
  }
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export function namespaceOf(name: string, labels: Record<string, string> = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export function objectOf(kind: string, at: string, name: string, spec: object): object {
  return { apiVersion: 'budgetd.dev/v1alpha1', kind, metadata: { namespace: at, name }, spec };
}

function run(api: ApiServer, args: readonly string[], input?: string): string {
  const { code, out, err } = api.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`);
  return out;
}
