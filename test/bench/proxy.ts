/**
 * CPU and throughput per request: direct, a bare proxy, and budgetd with budgets off, at 1x1 and at 4 scopes x 3 windows
 * on Redis. Shuffled rounds in one run, one nginx as the provider, medians with min-max; raw JSON is kept. The load
 * generator runs closed loop, so read CPU per request and ratios, not latencies.
 *
 * usage: node test/bench/proxy.ts [--rounds N] [--seconds N]      needs wrk, nginx and redis-server on PATH
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type Budgetd, createWorkspace, endAll, startBudgetd } from '../e2e/budgetd.ts';
import { freePort, startRedis } from '../integration/redis-server.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seconds: { type: 'string' } } });
const ROUNDS = Number(values.rounds ?? 5);
const SECONDS = Number(values.seconds ?? 4);
const CONNECTIONS = 16;
const TICK_US = 10_000;

interface Variant {
  readonly name: string;
  readonly url: string;
  readonly key: string;
  /** Pids whose CPU counts as the proxy's. */
  readonly proxy: readonly number[];
}

interface Sample {
  readonly variant: string;
  readonly requestsPerSecond: number;
  readonly proxyUs: number;
  readonly redisUs: number;
  readonly errors: number;
}

const folder = mkdtempSync(join(tmpdir(), 'budgetd-bench-'));
const children: ChildProcess[] = [];
const redis = await startRedis();
const workspace = createWorkspace();
try {
  const samples = await measure(await variants());
  report(samples);
} finally {
  endAll();
  for (const child of children) child.kill('SIGTERM');
  workspace.dispose();
  await redis.stop();
  rmSync(folder, { recursive: true });
}

async function variants(): Promise<Variant[]> {
  const origin = await startNginx();
  const bare = spawn(process.execPath, ['test/bench/bare-proxy.ts', origin], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(bare);
  const port = await firstLine(bare);
  const budgetd = await startGateway(origin);
  const ours = (name: string, namespace: string, key: string): Variant => ({
    name,
    url: budgetd.url,
    key: workspace.key(namespace, key),
    proxy: [budgetd.pid],
  });
  return [
    { name: 'direct', url: origin, key: '', proxy: [] },
    { name: 'bare dispatch', url: `http://127.0.0.1:${port}`, key: '', proxy: [bare.pid ?? 0] },
    ours('budgetd, no budget', 'bench', 'none'),
    ours('budgetd, 1 x 1', 'bench', 'one'),
    ours('budgetd, 4 x 3', 'twelve', 'twelve'),
  ];
}

async function startNginx(): Promise<string> {
  const port = await freePort();
  const answer = JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    model: 'gpt-bench',
    choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(700) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 250, completion_tokens: 150, total_tokens: 400 },
  });
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '${answer}'; } } }`,
  );
  children.push(spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: 'inherit' }));
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries += 1) {
    if (
      await fetch(origin).then(
        () => true,
        () => false,
      )
    )
      return origin;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('nginx did not start');
}

function startGateway(origin: string): Promise<Budgetd> {
  const three =
    'budgets: [{name: hourly, limit: "900000", period: 1h}, {name: daily, limit: "900000", period: 1d}, {name: monthly, limit: "900000", period: 1mo}]';
  workspace.manifest(
    'bench.yaml',
    object('Team', 'core', `${three}, allowedNamespaces: {from: All}`) +
      object('Team', 'company', three) +
      object('User', 'alice', `${three}, allowedNamespaces: {from: All}`) +
      object('VirtualKey', 'none', '') +
      object('VirtualKey', 'one', 'budgets: [{name: daily, limit: "900000", period: 1d}]') +
      object('VirtualKey', 'twelve', `teamRef: {name: core}, userRef: {name: alice}, ${three}`)
        .replace('namespace: bench', 'namespace: twelve')
        .replace('{name: core}', '{name: core, namespace: bench}')
        .replace('{name: alice}', '{name: alice, namespace: bench}') +
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: twelve, labels: {bench: twelve}}\n',
  );
  const config = workspace.config(`
listen: {proxy: "127.0.0.1:0", admin: "127.0.0.1:0"}
ledger: {installation: bench, redis: {url: "${redis.url}"}}
credentials: {nginx: {env: OPENAI_API_KEY}}
platform:
  providers: [{name: nginx, api: openai, baseUrl: "${origin}/v1", models: ["*"], default: true}]
  prices: [{model: "*", input: "2.50", output: "10", maxOutputTokens: 16000, contextWindow: 128000}]
  mandatoryTeams: [{namespaces: {matchLabels: {bench: twelve}}, teamRef: {namespace: bench, name: company}}]
`);
  return startBudgetd([
    'standalone',
    '--config',
    config,
    '--manifests',
    workspace.manifests,
    '--state',
    workspace.state,
  ]);
}

function object(kind: string, name: string, spec: string): string {
  return `apiVersion: budgetd.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: bench}\nspec: {${spec}}\n---\n`;
}

async function measure(all: readonly Variant[]): Promise<Sample[]> {
  for (const variant of all) load(variant, 2);
  const samples: Sample[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const variant of shuffled(all)) samples.push(sample(variant));
  }
  return samples;
}

function sample(variant: Variant): Sample {
  const before = { proxy: cpuTicks(variant.proxy), redis: cpuTicks([redis.pid()]) };
  const { requests, seconds, errors } = load(variant, SECONDS);
  const used = (after: number, since: number): number => ((after - since) * TICK_US) / requests;
  return {
    variant: variant.name,
    requestsPerSecond: requests / seconds,
    proxyUs: used(cpuTicks(variant.proxy), before.proxy),
    redisUs: used(cpuTicks([redis.pid()]), before.redis),
    errors,
  };
}

function load(variant: Variant, seconds: number): { requests: number; seconds: number; errors: number } {
  const body = JSON.stringify({
    model: 'gpt-bench',
    messages: [{ role: 'user', content: 'y'.repeat(900) }],
    max_completion_tokens: 200,
  });
  const script = join(folder, 'post.lua');
  writeFileSync(
    script,
    `wrk.method = 'POST'\nwrk.body = '${body}'\nwrk.headers['content-type'] = 'application/json'\nwrk.headers['authorization'] = 'Bearer ${variant.key}'\n`,
  );
  const run = spawnSync(
    'wrk',
    ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, `${variant.url}/v1/chat/completions`],
    { encoding: 'utf8' },
  );
  const match = /([0-9]+) requests in ([0-9.]+)s/.exec(run.stdout);
  if (match === null) throw new Error(`wrk: ${run.stdout}${run.stderr}`);
  const errors = Number(/Non-2xx or 3xx responses: ([0-9]+)/.exec(run.stdout)?.[1] ?? 0);
  return { requests: Number(match[1]), seconds: Number(match[2]), errors };
}

/** User and system time in clock ticks of 10 ms, from /proc. */
function cpuTicks(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + Number(fields[11]) + Number(fields[12]);
  }, 0);
}

function report(samples: readonly Sample[]): void {
  const names = [...new Set(samples.map((one) => one.variant))];
  const median = (name: string, of: (one: Sample) => number): { mid: number; min: number; max: number } => {
    const sorted = samples
      .filter((one) => one.variant === name)
      .map(of)
      .toSorted((a, b) => a - b);
    return { mid: sorted[Math.floor(sorted.length / 2)] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
  };
  const text = ({ mid, min, max }: ReturnType<typeof median>): string =>
    `${mid.toFixed(0)} (${min.toFixed(0)}-${max.toFixed(0)})`;
  const floor = median('bare dispatch', (one) => one.proxyUs).mid;
  const direct = median('direct', (one) => one.requestsPerSecond).mid;
  const fastest = Math.max(
    ...names.filter((name) => name !== 'direct').map((name) => median(name, (one) => one.requestsPerSecond).mid),
  );
  const errors = samples.reduce((sum, one) => sum + one.errors, 0);
  console.log(
    `\n${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections, Redis without AOF, ${cpus().length} cores\n`,
  );
  console.log('| variant | requests/s | proxy CPU us/request | Redis CPU us/request | proxy CPU / bare |');
  console.log('|---|---|---|---|---|');
  for (const name of names) {
    const cpu = median(name, (one) => one.proxyUs);
    const ratio = name === 'direct' ? '' : (cpu.mid / floor).toFixed(2);
    console.log(
      `| ${name} | ${text(median(name, (one) => one.requestsPerSecond))} | ${text(cpu)} | ${text(median(name, (one) => one.redisUs))} | ${ratio} |`,
    );
  }
  if (errors > 0) console.log(`\nNO VERDICT: ${errors} requests were not answered 2xx.`);
  else if (direct < 3 * fastest)
    console.log(
      '\nNO VERDICT on capacity: the provider or the load generator limits the fastest variant. CPU per request stands.',
    );
  mkdirSync('test/bench/results', { recursive: true });
  const file = `test/bench/results/proxy-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`;
  writeFileSync(
    file,
    `${JSON.stringify({ rounds: ROUNDS, seconds: SECONDS, connections: CONNECTIONS, cpu: cpus()[0]?.model, samples }, null, 1)}\n`,
  );
  console.log(`\nraw: ${file}`);
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve);
  });
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
