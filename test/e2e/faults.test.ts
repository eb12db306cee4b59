import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Budgetd } from './budgetd.ts';
import {
  ask,
  budgetsOf,
  createSetup,
  eventually,
  nanos,
  type OwnBudget,
  sdk,
  type Setup,
  virtualKey,
} from './setup.ts';

let setup: Setup;
let budgetd: Budgetd;
let key: string;
let before: OwnBudget;

beforeAll(async () => {
  setup = await createSetup();
  setup.workspace.manifest(
    'k.yaml',
    [
      virtualKey('a', '  budgets: [{name: total, limit: "100"}]'),
      virtualKey('free', ''),
      virtualKey('hard', '  budgets: [{name: total, limit: "1", overdraft: Deny}]'),
    ].join('---\n'),
  );
  budgetd = await setup.standalone(setup.configure());
  key = setup.workspace.key('shop', 'a');
});
afterAll(() => setup.dispose());
beforeEach(async () => {
  before = await settledBudget();
});

/** The budget once nothing is held. */
const settledBudget = async (): Promise<OwnBudget> => {
  const budgets = await eventually(
    () => budgetsOf(budgetd, key),
    ([total]) => total?.held === '0',
  );
  return budgets[0]!;
};
const spentSince = async (): Promise<bigint> => nanos((await settledBudget()).spent) - nanos(before.spent);
const client = () => sdk(budgetd, key, { maxRetries: 0 });
const streamed = async (how: object): Promise<string> => {
  const stream = await client().chat.completions.create({ ...ask({ input: 100, output: 20, how }), stream: true });
  try {
    return (await Array.fromAsync(stream)).map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  } catch (error) {
    return `broken: ${(error as Error).message}`;
  }
};

describe('an answer that goes wrong is billed for what may have been billed, never 0', () => {
  it.each([
    ['a stream that is reset in the middle', { kind: 'reset', afterWords: 5 }, /^broken/],
    ['a stream that ends early and in order, without usage', { kind: 'cut', afterWords: 5 }, /\w/],
    ['a stream without usage', { kind: 'report' }, /\w/],
  ])('%s', async (_, how, seen) => {
    expect(await streamed(how)).toMatch(seen);
    const spent = await spentSince();
    expect(spent).toBeGreaterThan(0n);
    // Never more than the estimate of a whole such call: 500 tokens of overhead, the request's bytes, the words seen.
    expect(spent).toBeLessThan(3_000_000n);
  });

  it('explicit zero usage is believed', async () => {
    await client().chat.completions.create(
      ask({ how: { kind: 'report', usage: { prompt_tokens: 0, completion_tokens: 0 } } }),
    );
    expect(await spentSince()).toBe(0n);
  });

  it.each([
    ['negative', { prompt_tokens: -5, completion_tokens: 3 }],
    ['huge', { prompt_tokens: 1e12, completion_tokens: 3 }],
    ['text', { prompt_tokens: '5', completion_tokens: 3 }],
  ])('usage that is %s is not believed, and estimated', async (_, usage) => {
    await client().chat.completions.create(ask({ how: { kind: 'report', usage } }));
    const spent = await spentSince();
    expect(spent).toBeGreaterThan(0n);
    expect(spent).toBeLessThan(10_000_000n);
  });

  it('a client that goes away is charged for what was generated so far', async () => {
    const controller = new AbortController();
    const stream = await client().chat.completions.create(
      { ...ask({ input: 100, output: 200, how: { kind: 'slow', pauseMs: 20 } }), stream: true },
      { signal: controller.signal },
    );
    let words = 0;
    try {
      for await (const _ of stream) {
        words += 1;
        if (words === 5) controller.abort();
      }
    } catch {
      // The SDK reports its own abort.
    }
    const spent = await spentSince();
    expect(spent).toBeGreaterThan(0n);
    expect(spent).toBeLessThan(3_000_000n);
  });
});

describe('what the provider certainly did not serve costs nothing', () => {
  it.each([429, 500, 529])(
    'an upstream %i is passed on with its Retry-After, and the hold released',
    async (status) => {
      const how = { kind: 'status', status, body: { error: { message: 'busy' } }, headers: { 'retry-after': '7' } };
      const error = await client()
        .chat.completions.create(ask({ how }))
        .catch((caught: { status: number; headers: Headers }) => caught);
      expect(error).toMatchObject({ status });
      expect((error as { headers: Headers }).headers.get('retry-after')).toBe('7');
      expect(await spentSince()).toBe(0n);
    },
  );
});

/** One raw request; resolves with status and body text. */
function post(
  body: string | Buffer,
  headers: Record<string, string> = {},
  path = '/v1/chat/completions',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${budgetd.url}${path}`,
      { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers } },
      (response) => {
        response
          .toArray()
          .then(
            (chunks) => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
            reject,
          );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const good = JSON.stringify(ask({ input: 1, output: 1 }));

describe('bad input costs nothing, reaches nobody and is answered in words', () => {
  it.each<[string, string | Buffer, number]>([
    ['no JSON', '{"model":', 400],
    ['an array', '[]', 400],
    ['duplicate models', '{"model":"a","model":"b","messages":[]}', 400],
    ['__proto__', '{"__proto__":{},"model":"a","messages":[]}', 400],
    ['a negative cap', '{"model":"gpt-test","messages":[],"max_tokens":-1}', 400],
    ['a cap of 1e999', '{"model":"gpt-test","messages":[],"max_tokens":1e999}', 400],
    ['a million choices', '{"model":"gpt-test","messages":[],"n":1000000}', 400],
    ['stream as text', '{"model":"gpt-test","messages":[],"stream":"true"}', 400],
    ['another destination', '{"model":"gpt-test","messages":[],"api_base":"http://169.254.169.254/"}', 400],
    ['100,000 levels', `{"model":"gpt-test","messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400],
    ['invalid UTF-8', Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]), 400],
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]), 400],
    ['an unpriced model', '{"model":"claude-9","messages":[]}', 403],
  ])('%s', async (_, body, status) => {
    const sent = setup.provider.requests.length;
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: expect.stringMatching(/\w{4}/) as string } });
    expect(setup.provider.requests.length).toBe(sent);
    expect(await spentSince()).toBe(0n);
  });

  it.each<[string, Record<string, string>, number]>([
    ['no credential', { authorization: '' }, 401],
    ['an unknown key', { authorization: 'Bearer sk-bd-nobody-nobody-nobody-nobody-nobody' }, 401],
    ['two different keys', { 'x-api-key': 'sk-bd-other-other-other-other-other' }, 401],
    ['text/plain', { 'content-type': 'text/plain' }, 415],
    ['UTF-16', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['a compressed body', { 'content-encoding': 'gzip' }, 400],
  ])('a request with %s', async (_, headers, status) => {
    const sent = setup.provider.requests.length;
    const answer = await post(good, headers);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('sk-bd-');
    expect(setup.provider.requests.length).toBe(sent);
  });

  it.each([
    ['/v1/embeddings', 403],
    ['/v1/chat/completions/', 403],
    ['/v1/..%2fadmin', 400],
    ['/v1/./chat/completions', 400],
    ['//evil.example/v1/chat/completions', 400],
    ['/admin', 404],
  ])('the path %s is answered %i', async (path, status) => {
    expect(
      (await raw(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)).status,
    ).toBe(status);
  });

  it.each([
    ['the absolute form', 'GET http://169.254.169.254/budget HTTP/1.1\r\nHost: a\r\n'],
    ['two Hosts', 'GET /budget HTTP/1.1\r\nHost: a\r\nHost: b\r\n'],
    [
      'length and chunks at once',
      'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    ],
  ])('%s is refused', async (_, head) => {
    expect((await raw(`${head}Connection: close\r\n\r\n`)).status).toBe(400);
  });

  it('a body over the limit is refused before it is read', async () => {
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n`;
    expect((await raw(head)).status).toBe(413);
  });
});

/** Sends bytes as they are and reads until the other side closes, or has answered. */
function raw(head: string): Promise<{ status: number }> {
  const { hostname, port } = new URL(budgetd.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(head));
    socket.once('data', (data) => {
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1]) });
    });
    socket.once('error', reject);
  });
}

describe('the answers of a provider that must not reach the caller as they are', () => {
  it.each([401, 403])(
    "a %i is the proxy's trouble, not the caller's, and tells nothing of the credential",
    async (status) => {
      const body = { error: { message: 'Incorrect API key provided: sk-prov***cret' } };
      const error = await client()
        .chat.completions.create(ask({ how: { kind: 'status', status, body } }))
        .catch((caught: { status: number; message: string }) => caught);
      expect(error).toMatchObject({ status: 502, code: 'provider_rejected' });
      expect((error as { message: string }).message).not.toContain('sk-prov');
      expect(await spentSince()).toBe(0n);
    },
  );

  it('a redirect is passed on without its target and costs nothing', async () => {
    const how = { kind: 'status', status: 302, body: {}, headers: { location: 'http://169.254.169.254/' } };
    const answer = await post(JSON.stringify(ask({ how })));
    expect(answer.status).toBe(302);
    expect(await spentSince()).toBe(0n);
  });

  it('an answer that is compressed although plain bytes were asked for is charged an estimate and refused', async () => {
    setup.provider.next({
      kind: 'replay',
      bytes: gzipSync('{"usage":{"prompt_tokens":1,"completion_tokens":1}}'),
      contentType: 'application/json\r\ncontent-encoding: gzip',
      pieceBytes: 100,
    });
    const error = await client()
      .chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'hello' }] })
      .catch((caught: { status: number }) => caught);
    expect(error).toMatchObject({ status: 502 });
    expect(await spentSince()).toBeGreaterThan(0n);
  });
});

it('nobody without a key can make the proxy read a body', async () => {
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-bd-nobody-nobody-nobody-nobody-nobody\r\nContent-Type: application/json\r\nContent-Length: 20000000\r\n\r\n`;
  // The answer comes although not one byte of the body was sent.
  expect((await raw(head)).status).toBe(401);
});

it.each([
  ['an array of millions of numbers', `{"model":"gpt-test","messages":[${'1,'.repeat(4_000_000)}1]}`],
  [
    'a hundred thousand members',
    `{"model":"gpt-test","messages":[]${Array.from({ length: 100_000 }, (_, n) => `,"m${n}":1`).join('')}}`,
  ],
])('%s does not keep the process from answering others', async (_, body) => {
  const started = performance.now();
  const big = post(body);
  await (await fetch(`${budgetd.adminUrl}/healthz`)).text();
  await big;
  // A bound that only a quadratic or per-element scan would miss, far above what a slow machine needs.
  expect(performance.now() - started).toBeLessThan(10_000);
});

it('a call that nothing bounds is refused under a hard cap, and says what to send', async () => {
  const hard = sdk(budgetd, setup.workspace.key('shop', 'hard'), { maxRetries: 0 });
  const search = { ...ask({ input: 1, output: 1 }), web_search_options: {} };
  await expect(hard.chat.completions.create(search)).rejects.toMatchObject({ status: 403, code: 'call_unbounded' });
});

it('a call that may cost more than is left of a hard cap is refused and says what fits', async () => {
  const hard = sdk(budgetd, setup.workspace.key('shop', 'hard'), { maxRetries: 0 });
  const error = await hard.chat.completions
    .create({ ...ask({ input: 1, output: 1 }, { maxTokens: 16_000 }), n: 100 })
    .catch((caught: { status: number; code: string; message: string }) => caught);
  expect(error).toMatchObject({ status: 402, code: 'budget_too_small' });
  expect((error as { message: string }).message).toContain('Left: 1.00');
});

it('an unreachable provider costs nothing and is named', async () => {
  await setup.provider.close();
  const error = await client()
    .chat.completions.create(ask({}))
    .catch((caught: { status: number; message: string }) => caught);
  expect(error).toMatchObject({ status: 502 });
  expect((error as { message: string }).message).toContain('provider fake');
  expect(await spentSince()).toBe(0n);
});
