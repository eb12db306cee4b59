import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChatStreamMeter } from '../../src/proxy/sse-meter.ts';
import { chatStreams } from '../fixtures/chat-streams.ts';
import type { Instruction } from '../provider/fake-answer.ts';
import { type FakeProvider, startFakeProvider } from '../provider/fake-provider.ts';

const prices = { input: 2_500_000n, cached: 250_000n, output: 10_000_000n };
let provider: FakeProvider;
let client: OpenAI;

beforeAll(async () => {
  provider = await startFakeProvider({ prices, models: ['small-1'], credential: 'sk-provider' });
  client = new OpenAI({ baseURL: provider.url, apiKey: 'sk-provider', maxRetries: 0 });
});
afterAll(() => provider.close());

function ask(instruction: Instruction): { model: string; messages: [{ role: 'user'; content: string }] } {
  return { model: 'small-1', messages: [{ role: 'user', content: `hello @fake ${JSON.stringify(instruction)}` }] };
}

/** What the bill grew by. */
async function billed(work: () => Promise<unknown>): Promise<object> {
  const before = provider.bill();
  await work();
  const after = provider.bill();
  return {
    calls: after.calls - before.calls,
    inputTokens: after.inputTokens - before.inputTokens,
    outputTokens: after.outputTokens - before.outputTokens,
    nanos: after.nanos - before.nanos,
  };
}

describe('the fake provider', () => {
  it('bills a JSON answer for exactly what it reports', async () => {
    const growth = await billed(async () => {
      const { usage } = await client.chat.completions.create({ ...ask({ input: 100, cached: 40, output: 7 }), n: 2 });
      expect(usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 14, total_tokens: 114 });
    });
    // 60 x 2.5 + 40 x 0.25 + 14 x 10 micro-USD.
    expect(growth).toEqual({ calls: 1, inputTokens: 100, outputTokens: 14, nanos: 300_000n });
  });

  it('streams word by word, and reports usage only when asked', async () => {
    const texts: string[] = [];
    const growth = await billed(async () => {
      for await (const chunk of await client.chat.completions.create({
        ...ask({ input: 1, output: 3 }),
        stream: true,
      })) {
        texts.push(chunk.choices[0]?.delta.content ?? '');
        expect(chunk.usage).toBeUndefined();
      }
    });
    expect(texts).toEqual(['', 'word0 ', 'word1 ', 'word2 ', '']);
    expect(growth).toMatchObject({ outputTokens: 3, nanos: 32_500n });
  });

  it('honours an output cap, and says so', async () => {
    const { choices, usage } = await client.chat.completions.create({
      ...ask({ output: 50 }),
      max_completion_tokens: 5,
    });
    expect([choices[0]?.finish_reason, usage?.completion_tokens]).toEqual(['length', 5]);
  });

  it('agrees with the meter, chunk by chunk of a real socket', async () => {
    const meter = createChatStreamMeter({ strip: true, maxEventBytes: 1 << 16 });
    const passed: Uint8Array[] = [];
    const growth = await billed(async () => {
      const response = await post({
        ...ask({ input: 20, output: 200 }),
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const chunk of response.body ?? []) passed.push(...meter.push(chunk));
    });
    meter.finish();
    const { usage, done } = meter.reading();
    expect(usage).toMatchObject({ usage: { input: 20, output: 200 } });
    expect(growth).toMatchObject({ inputTokens: 20, outputTokens: 200 });
    expect(done).toBe(true);
    expect(Buffer.concat(passed).includes('prompt_tokens')).toBe(false);
  });

  it('answers as scripted without billing a refusal', async () => {
    provider.next({ kind: 'status', status: 429, body: { error: { message: 'slow down' } } });
    const growth = await billed(() => expect(client.chat.completions.create(ask({}))).rejects.toThrow('slow down'));
    expect(growth).toMatchObject({ calls: 0, nanos: 0n });
  });

  it.each(['reset', 'cut'] as const)('bills an answer that is %s for what it generated', async (kind) => {
    const growth = await billed(async () => {
      const response = await post({ ...ask({ input: 10, output: 9, how: { kind, afterWords: 4 } }), stream: true });
      const text = await response.text().catch(() => 'reset');
      expect(text.includes('[DONE]')).toBe(false);
      expect(text === 'reset').toBe(kind === 'reset');
    });
    expect(growth).toMatchObject({ calls: 1, inputTokens: 10, outputTokens: 4 });
  });

  it('reports whatever usage it is told to', async () => {
    for (const usage of [
      { prompt_tokens: 0, completion_tokens: 0 },
      { prompt_tokens: 1e12, completion_tokens: 1 },
    ]) {
      const answer = await client.chat.completions.create(ask({ how: { kind: 'report', usage } }));
      expect(answer.usage).toEqual(usage);
    }
    provider.next({ kind: 'report', usage: undefined });
    expect((await client.chat.completions.create(ask({}))).usage).toBeUndefined();
  });

  it('stops generating when the caller hangs up, and bills what was generated', async () => {
    const growth = await billed(async () => {
      const controller = new AbortController();
      const body = { ...ask({ input: 10, output: 1_000, how: { kind: 'slow', pauseMs: 1 } }), stream: true };
      const response = await post(body, controller.signal);
      await response.body?.getReader().read();
      controller.abort();
      const before = provider.bill().calls;
      await expect.poll(() => provider.bill().calls).toBe(before + 1);
    });
    expect(growth).toMatchObject({
      inputTokens: 10,
      outputTokens: expect.toSatisfy((tokens: number) => tokens < 1_000),
    });
  });

  it('hangs when told to, and is closed all the same', async () => {
    const signal = AbortSignal.timeout(100);
    await expect(post(ask({ how: { kind: 'hang' } }), signal)).rejects.toThrow('timeout');
  });

  it('replays a recording byte for byte', async () => {
    for (const { bytes } of chatStreams) {
      provider.next({ kind: 'replay', bytes, contentType: 'text/event-stream', pieceBytes: 100 });
      const response = await post({ ...ask({}), stream: true });
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it('lists its models, and takes its own credential only', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['small-1']);
    const stranger = new OpenAI({ baseURL: provider.url, apiKey: 'sk-other', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toThrow('Incorrect API key');
    expect(provider.requests.at(-1)).toMatchObject({
      path: '/v1/models',
      headers: { authorization: 'Bearer sk-other' },
    });
  });
});

function post(body: object, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${provider.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-provider' },
    body: JSON.stringify(body),
    signal,
  });
}
