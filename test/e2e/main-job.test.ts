import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Budgetd } from './budgetd.ts';
import { ask, budgetsOf, createSetup, nanos, sdk, type Setup, team, virtualKey } from './setup.ts';

let setup: Setup;
let budgetd: Budgetd;

beforeAll(async () => {
  setup = await createSetup();
  const { workspace } = setup;
  workspace.manifest('team.yaml', team('core', '  budgets: [{name: monthly, limit: "100", period: 1mo}]'));
  workspace.manifest(
    'keys.yaml',
    [
      virtualKey(
        'exact',
        '  teamRef: {name: core}\n  budgets: [{name: daily, limit: "1", softLimit: "0.5", period: 1d}]',
      ),
      virtualKey('small', '  budgets: [{name: total, limit: "0.01"}]'),
      virtualKey('narrow', '  models: ["o3*"]'),
      virtualKey('gone', '  budgets: [{name: total, limit: "1"}]\n  suspend: true'),
      virtualKey('lost', '  teamRef: {name: nobody}'),
      virtualKey('ended', '  expiresAt: "2020-01-01T00:00:00Z"'),
    ].join('---\n'),
  );
  budgetd = await setup.standalone(setup.configure());
});
afterAll(() => setup.dispose());

const clientOf = (name: string): OpenAI => sdk(budgetd, setup.workspace.key('shop', name));
const caught = (promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> =>
  promise.then(
    () => {
      throw new Error('was served');
    },
    (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
  );

describe('an unmodified OpenAI SDK', () => {
  it('is charged exactly what the provider bills, for JSON and for streams', async () => {
    const key = setup.workspace.key('shop', 'exact');
    const before = setup.provider.bill().nanos;
    const answer = await clientOf('exact').chat.completions.create(ask({ input: 1234, cached: 234, output: 55 }));
    expect(answer.usage?.total_tokens).toBe(1289);
    const stream = await clientOf('exact').chat.completions.create({ ...ask({ input: 77, output: 9 }), stream: true });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.every((chunk) => chunk.choices.length > 0)).toBe(true);
    const [daily] = await budgetsOf(budgetd, key);
    const billed = setup.provider.bill().nanos - before;
    expect(nanos(daily?.spent ?? '')).toBe(billed);
    // 1000 x 2.5 + 234 x 1.25 + 55 x 10, and 77 x 2.5 + 9 x 10, in micro-USD.
    expect(billed).toBe(3_625_000n);
    expect(daily).toMatchObject({ held: '0', state: 'Ok', limit: '1' });
  });

  it('sees the usage chunk of a stream if and only if it asked for it', async () => {
    const stream = await clientOf('exact').chat.completions.create({
      ...ask({ input: 10, output: 2 }),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 2 });
  });

  it('is told the cost and what is left in headers', async () => {
    const { response } = await clientOf('exact')
      .chat.completions.create(ask({ input: 4, output: 1 }))
      .withResponse();
    expect(response.headers.get('x-budgetd-cost')).toBe('0.00002');
    expect(response.headers.get('x-budgetd-budget')).toBe('daily');
    expect(nanos(response.headers.get('x-budgetd-remaining') ?? '')).toBeLessThan(nanos('1'));
  });

  it('is served the call that crosses the limit and refused the next, once, with a readable 402', async () => {
    const client = clientOf('small');
    await client.chat.completions.create(ask({ input: 4000, output: 1 }));
    const sent = setup.provider.requests.length;
    const error = await caught(client.chat.completions.create(ask({ input: 1, output: 1 })));
    expect(error).toMatchObject({ status: 402, code: 'budget_exceeded', type: 'budget_exceeded' });
    expect(error.message).toContain('Budget has been exceeded! Current cost: 0.01, Max budget: 0.01');
    expect(error.message).toContain('vkey/shop/small total, never resets');
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(setup.provider.requests.length).toBe(sent);
  });

  it.each([
    ['a model outside the allow-list', 'narrow', 403, 'model_not_allowed'],
    ['a suspended key', 'gone', 401, 'invalid_key'],
    ['an expired key', 'ended', 401, 'invalid_key'],
    ['a Team that does not exist: a missing reference is never "no limit"', 'lost', 403, 'reference_unresolved'],
  ])('is refused for %s without reaching the provider', async (_, name, status, code) => {
    const sent = setup.provider.requests.length;
    expect(await caught(clientOf(name).chat.completions.create(ask({})))).toMatchObject({ status, code });
    expect(setup.provider.requests.length).toBe(sent);
  });

  it('is answered the same for unknown, suspended and expired keys', async () => {
    const answers = await Promise.all(
      [
        'sk-bd-unknown-unknown-unknown-unknown',
        setup.workspace.key('shop', 'gone'),
        setup.workspace.key('shop', 'ended'),
      ].map(async (key) => {
        const error = await caught(sdk(budgetd, key).chat.completions.create(ask({})));
        return `${error.status} ${error.message}`;
      }),
    );
    expect(new Set(answers).size).toBe(1);
  });
});

it("a provider's refusal is passed on and costs nothing", async () => {
  const key = setup.workspace.key('shop', 'exact');
  const [before] = await budgetsOf(budgetd, key);
  const how = {
    kind: 'status',
    status: 400,
    body: { error: { message: 'context too long', type: 'invalid_request_error' } },
  };
  const error = await caught(clientOf('exact').chat.completions.create(ask({ how })));
  expect(error).toMatchObject({ status: 400 });
  expect(error.message).toContain('context too long');
  const [after] = await budgetsOf(budgetd, key);
  expect(after).toEqual(before);
});

it('the virtual key never reaches the provider, nor the provider key the caller', async () => {
  const { data, response } = await clientOf('exact')
    .chat.completions.create(ask({ input: 1, output: 1 }))
    .withResponse();
  const sent = setup.provider.requests.at(-1);
  expect(JSON.stringify(sent)).not.toContain('sk-bd-');
  expect(sent?.headers.authorization).toBe('Bearer sk-provider-secret');
  expect(JSON.stringify(data) + JSON.stringify([...response.headers])).not.toContain('sk-provider-secret');
  expect(budgetd.log()).not.toMatch(/sk-provider-secret|sk-bd-[A-Za-z0-9_-]{20}/);
});

it('metrics and probes are on the second port', async () => {
  const ready = await fetch(`${budgetd.adminUrl}/readyz`);
  expect(ready.status).toBe(200);
  const metrics = await (await fetch(`${budgetd.adminUrl}/metrics`)).text();
  expect(metrics).toMatch(
    /^budgetd_requests_total\{route="chat_completions",provider="fake",model="gpt-\*",outcome="served"\} [1-9]/m,
  );
  expect(metrics).toMatch(/^budgetd_refusals_total\{reason="exhausted",subject_kind="vkey"\} 1$/m);
  expect(metrics).toMatch(/^budgetd_journal_pending 0$/m);
});
