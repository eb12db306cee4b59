/**
 * The main job, as a story: a Team and a key in a manifest, an unmodified OpenAI SDK, exact spend, and the refusal.
 * Everything runs on this machine; the provider is a fake that keeps a bill of its own (test tooling).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { startFakeProvider } from '../test/provider/fake-provider.ts';
import { recordedStream } from '../test/provider/recording.ts';

const PRICES = { input: 2_500_000n, cached: 1_250_000n, output: 10_000_000n };
const CALL = { input: 1_200, output: 300 };

/** Where real recorded answers lie beside the checkout, one of them is replayed; the fake provider does not bill it. */
const recording = recordedStream();
const recordedNanos =
  recording === null
    ? 0n
    : (BigInt(recording.inputTokens) * PRICES.input + BigInt(recording.outputTokens) * PRICES.output + 500n) / 1000n;

const folder = mkdtempSync(join(tmpdir(), 'budgetd-demo-'));
const provider = await startFakeProvider({
  prices: PRICES,
  models: ['gpt-4o'],
  credential: 'sk-the-real-provider-key',
});
const budgetd = startBudgetd();
try {
  await story();
} finally {
  budgetd.kill('SIGTERM');
  await new Promise((resolve) => budgetd.once('exit', resolve));
  await provider.close();
  rmSync(folder, { recursive: true });
}
say('Everything is stopped and removed. Next: README.md, "Run it".');

async function story(): Promise<void> {
  const manifest = readFileSync(join(folder, 'manifests', 'shop.yaml'), 'utf8');
  say('1. What the platform team applies (config/demo/manifests/shop.yaml):');
  show(manifest.slice(manifest.indexOf('kind: VirtualKey')));
  const { proxy, admin } = await ready(budgetd);
  const key = readFileSync(join(folder, 'state', 'keys', 'shop', 'checkout-bot'), 'utf8').trim();
  say(
    `2. budgetd standalone runs on ${proxy}; it made the key ${key.slice(0, 9)}...${key.slice(-4)} for checkout-bot.`,
  );
  const client = new OpenAI({ baseURL: `${proxy}/v1`, apiKey: key });

  say(
    `3. The application calls gpt-4o through it with the official SDK. Each call: ${CALL.input} tokens in, ${CALL.output} out,`,
  );
  say('   at $2.50 and $10 per million: exactly $0.006.');
  await spend(client, proxy, key);
  await refused(client);
  const own = await budget(proxy, key);
  const billed = provider.bill().nanos + recordedNanos;
  say(`5. The provider's own bill: $${usd(billed)}. budgetd's books: $${own.spent}.`);
  if (usd(billed) !== own.spent) throw new Error('the books do not match the bill');
  say(`6. Metrics: ${admin}/metrics, for example`);
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  show(
    metrics
      .split('\n')
      .filter((line) => /^budgetd_(requests|cost_usd|refusals)_total/.test(line))
      .join('\n'),
  );
}

async function spend(client: OpenAI, proxy: string, key: string): Promise<void> {
  let before = await budget(proxy, key);
  if (recording !== null) {
    provider.next({ kind: 'replay', bytes: recording.bytes, contentType: 'text/event-stream', pieceBytes: 512 });
    await ask(client, true, 'What is the capital of the UK?');
    const after = await budget(proxy, key);
    row('recorded', before.spent, after);
    before = after;
  }
  while (before.state !== 'Exhausted') {
    const stream = provider.bill().calls % 2 === 1;
    await ask(client, stream, `@fake ${JSON.stringify(CALL)}`);
    const after = await budget(proxy, key);
    row(stream ? 'stream' : 'JSON', before.spent, after);
    if (before.state === 'Ok' && after.state === 'Soft')
      say('   ^ 80 % of the day is spent: the soft limit. Calls go on.');
    before = after;
  }
}

async function ask(client: OpenAI, stream: boolean, content: string): Promise<void> {
  const request = { model: 'gpt-4o', messages: [{ role: 'user' as const, content }] };
  if (stream) await Array.fromAsync(await client.chat.completions.create({ ...request, stream: true }));
  else await client.chat.completions.create(request);
}

async function refused(client: OpenAI): Promise<void> {
  const sent = provider.requests.length;
  try {
    await ask(client, false, `@fake ${JSON.stringify(CALL)}`);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    say('4. The last call crossed the limit and was served (overdraft: Allow, the default). The next one:');
    show(`${error.constructor.name}: ${error.message}\n  .status ${error.status}   .code ${error.code}`);
    say(
      `   Requests that reached the provider for it: ${provider.requests.length - sent}. (overdraft: Deny never crosses.)`,
    );
    return;
  }
  throw new Error('the call after the limit was served');
}

interface Own {
  readonly spent: string;
  readonly limit: string;
  readonly state: string;
  readonly held: string;
}

/** The key's daily budget, once no money is held any more. */
async function budget(proxy: string, key: string): Promise<Own> {
  for (;;) {
    const response = await fetch(`${proxy}/budget`, { headers: { authorization: `Bearer ${key}` } });
    const [own] = ((await response.json()) as { budgets: Own[] }).budgets;
    if (own === undefined) throw new Error('GET /budget named no budget');
    if (own.held === '0') return own;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function startBudgetd(): ChildProcess {
  cpSync('config/demo/manifests', join(folder, 'manifests'), { recursive: true });
  const config = readFileSync('config/demo/budgetd.yaml', 'utf8').replace('https://api.openai.com/v1', provider.url);
  writeFileSync(join(folder, 'budgetd.yaml'), config);
  if (!existsSync('dist/main.js')) throw new Error('run `make build` first, or `make demo`');
  const flags = ['--config', 'budgetd.yaml', '--manifests', 'manifests', '--state', 'state'];
  return spawn(process.execPath, [join(process.cwd(), 'dist/main.js'), 'standalone', ...flags], {
    cwd: folder,
    env: { ...process.env, OPENAI_API_KEY: 'sk-the-real-provider-key' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** The addresses of the two ports, from the log line that says they are open. */
function ready(child: ChildProcess): Promise<{ proxy: string; admin: string }> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    child.once('exit', (code) => reject(new Error(`budgetd ended with ${code}:\n${lines.join('\n')}`)));
    if (child.stderr === null) return;
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (!line.includes('standalone ready')) return;
      const address = (name: string): string => new RegExp(`${name}=(\\S+)`).exec(line)?.[1] ?? '';
      resolve({ proxy: address('proxy'), admin: address('admin') });
    });
  });
}

function row(kind: string, before: string, after: Own): void {
  const cost = usd(nanos(after.spent) - nanos(before));
  say(`   ${kind.padEnd(9)} cost $${cost.padEnd(10)} spent today $${after.spent} of $${after.limit}`);
}

function nanos(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function usd(amount: bigint): string {
  const fraction = (amount % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? String(amount / 1_000_000_000n) : `${amount / 1_000_000_000n}.${fraction}`;
}

function say(text: string): void {
  console.log(text);
}

function show(text: string): void {
  console.log(text.trimEnd().replace(/^/gm, '      | '));
}
