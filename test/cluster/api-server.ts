import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { freePort } from '../integration/redis-server.ts';
import { toolPath } from '../tools/control-plane.ts';

/** A real API server over a real etcd, of this test alone. */
export interface ApiServer {
  readonly url: string;
  readonly kubeconfig: string;
  /** The text of a kubeconfig with another token. */
  kubeconfigFor(token: string, namespace: string): string;
  /** Runs kubectl as administrator. `input` becomes its standard input. */
  kubectl(
    args: readonly string[],
    input?: string,
  ): { readonly code: number; readonly out: string; readonly err: string };
  /** Starts the controllers that collect what lost its owner and that empty deleted namespaces. */
  startControllers(): void;
  /** Kills the API server; etcd lives on. */
  crash(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** One HTTP request as administrator, over kept connections. `body` is sent as JSON. */
  send(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly answer: unknown }>;
  stop(): Promise<void>;
}

const ADMIN_TOKEN = 'admin-of-the-tests';
const AUTHORIZATION = { authorization: `Bearer ${ADMIN_TOKEN}` };

export async function startApiServer(): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-cluster-'));
  const children = new Set<ChildProcess>();
  const start = (name: string, args: readonly string[]): ChildProcess => {
    const child = spawn(toolPath(name), args, { stdio: 'ignore', cwd: folder });
    children.add(child);
    return child;
  };
  const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
  const etcd = `http://127.0.0.1:${client}`;
  start('etcd', [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    '--unsafe-no-fsync',
  ]);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'tokens.csv'), `${ADMIN_TOKEN},admin,admin,system:masters\n`);
  const serve = (): ChildProcess =>
    start('kube-apiserver', [
      `--etcd-servers=${etcd}`,
      `--cert-dir=${folder}/certs`,
      '--bind-address=127.0.0.1',
      `--secure-port=${secure}`,
      `--service-account-key-file=${folder}/sa.key`,
      `--service-account-signing-key-file=${folder}/sa.key`,
      '--service-account-issuer=https://budgetd.test',
      `--token-auth-file=${folder}/tokens.csv`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--disable-admission-plugins=ServiceAccount',
    ]);
  let server = serve();
  const url = `https://127.0.0.1:${secure}`;
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(url, ADMIN_TOKEN, 'default'));
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, connections: 8 });
  await ready(url, dispatcher);
  return {
    url,
    kubeconfig,
    kubeconfigFor: (token, namespace) => kubeconfigOf(url, token, namespace),
    kubectl(args, input) {
      const run = spawnSync('kubectl', ['--kubeconfig', kubeconfig, ...args], { encoding: 'utf8', input: input ?? '' });
      return { code: run.status ?? 1, out: run.stdout, err: run.stderr };
    },
    startControllers() {
      start('kube-controller-manager', [
        `--kubeconfig=${kubeconfig}`,
        '--controllers=garbage-collector-controller,namespace-controller',
        '--leader-elect=false',
        '--secure-port=0',
        '--concurrent-gc-syncs=4',
      ]);
    },
    async crash() {
      await kill(server);
      children.delete(server);
    },
    async restart() {
      server = serve();
      await ready(url, dispatcher);
    },
    async send(method, path, body) {
      const answer = await request(`${url}${path}`, {
        method,
        dispatcher,
        headers: { ...AUTHORIZATION, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, answer: await answer.body.json() };
    },
    async stop() {
      await dispatcher.close();
      await Promise.all([...children].map(kill));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

async function ready(url: string, dispatcher: Agent): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const status = await request(`${url}/readyz`, { dispatcher, headers: AUTHORIZATION }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      },
      () => 0,
    );
    if (status === 200) break;
    if (performance.now() > deadline) throw new Error(`the API server is not ready after a minute (last: ${status})`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function kubeconfigOf(server: string, token: string, namespace: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin', namespace } }],
    'current-context': 'test',
  });
}
