import OpenAI from 'openai';
import { type FakeProvider, startFakeProvider } from '../provider/fake-provider.ts';
import { type Budgetd, createWorkspace, endAll, startBudgetd, type Workspace } from './budgetd.ts';

/** What the tests' provider charges: 2.50 and 10 USD per million tokens, 1.25 for cached ones. */
export const PRICES = { input: 2_500_000n, cached: 1_250_000n, output: 10_000_000n };
export const MODEL = 'gpt-test';

export interface Setup {
  readonly provider: FakeProvider;
  readonly workspace: Workspace;
  /** Writes budgetd.yaml; `ledger` is YAML for that member, `more` further members of `platform`. */
  configure(options?: { ledger?: string; more?: string }): string;
  standalone(config: string): Promise<Budgetd>;
  /** A `budgetd proxy` on the same ledger, once it has reached it. */
  proxy(ledger: string): Promise<Budgetd>;
  dispose(): Promise<void>;
}

/** A provider, a folder and the means to run budgetd processes between them. */
export async function createSetup(): Promise<Setup> {
  const provider = await startFakeProvider({ prices: PRICES, models: [MODEL], credential: 'sk-provider-secret' });
  const workspace = createWorkspace();
  return {
    provider,
    workspace,
    configure({ ledger, more = '' } = {}) {
      return workspace.config(`
listen: {proxy: "127.0.0.1:0", admin: "127.0.0.1:0"}
${ledger === undefined ? '' : `ledger: ${ledger}`}
credentials: {fake: {env: OPENAI_API_KEY}}
platform:
  providers:
  - {name: fake, api: openai, baseUrl: "${provider.url}", models: ["*"], default: true}
  prices:
  - {provider: fake, model: "gpt-*", input: "2.50", cacheRead: "1.25", output: "10", maxOutputTokens: 16000, contextWindow: 128000}
${more}`);
    },
    standalone: (config) =>
      startBudgetd(['standalone', '--config', config, '--manifests', workspace.manifests, '--state', workspace.state]),
    async proxy(ledger) {
      const listen = 'listen: {proxy: "127.0.0.1:0", admin: "127.0.0.1:0"}';
      const config = workspace.config(
        `${listen}\nledger: ${ledger}\ncredentials: {fake: {env: OPENAI_API_KEY}}\n`,
        'proxy.yaml',
      );
      const proxy = await startBudgetd(['proxy', '--config', config, '--state', `${workspace.folder}/proxy-state`]);
      await proxy.logged('ledger reached');
      return proxy;
    },
    async dispose() {
      endAll();
      await provider.close();
      workspace.dispose();
    },
  };
}

/** A VirtualKey manifest; `spec` is YAML of its members, indented by two. */
export function virtualKey(name: string, spec: string): string {
  return `apiVersion: budgetd.dev/v1alpha1\nkind: VirtualKey\nmetadata: {name: ${name}, namespace: shop}\nspec:${spec === '' ? ' {}' : `\n${spec}`}\n`;
}

export function team(name: string, spec: string): string {
  return `apiVersion: budgetd.dev/v1alpha1\nkind: Team\nmetadata: {name: ${name}, namespace: shop}\nspec:\n${spec}\n`;
}

/** The official SDK with its defaults, retries included. */
export function sdk(budgetd: Pick<Budgetd, 'url'>, apiKey: string, options: { maxRetries?: number } = {}): OpenAI {
  return new OpenAI({ baseURL: `${budgetd.url}/v1`, apiKey, ...options });
}

/** What a call does at the provider, carried by its message. */
export function ask(instruction: object, options: { maxTokens?: number } = {}) {
  return {
    model: MODEL,
    messages: [{ role: 'user' as const, content: `@fake ${JSON.stringify(instruction)}` }],
    ...(options.maxTokens === undefined ? {} : { max_completion_tokens: options.maxTokens }),
  };
}

export interface OwnBudget {
  readonly name: string;
  readonly limit: string | null;
  readonly spent: string;
  readonly held: string;
  readonly remaining: string | null;
  readonly state: string;
}

/** The caller's own budgets, from `GET /budget`. */
export async function budgetsOf(budgetd: Pick<Budgetd, 'url'>, key: string): Promise<readonly OwnBudget[]> {
  const response = await fetch(`${budgetd.url}/budget`, { headers: { authorization: `Bearer ${key}` } });
  if (response.status !== 200) throw new Error(`GET /budget: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { budgets: OwnBudget[] }).budgets;
}

/** Exact nano-USD of a decimal text. */
export function nanos(usd: string): bigint {
  const [whole = '0', fraction = ''] = usd.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Asks again until the answer is as wanted; bounded, for what another process does in its own time. */
export async function eventually<T>(
  question: () => Promise<T>,
  wanted: (answer: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await question();
    if (wanted(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(answer)} after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
