/**
 * An OpenAI-compatible provider for tests: a real HTTP server on 127.0.0.1 that answers chat completions word by word and
 * keeps an exact bill of its own, by arithmetic that shares nothing with the code under test.
 *
 * A request decides its own answer, so that concurrent tests stay exact: a message that contains `@fake {"input":120,
 * "output":30}` is billed for that many tokens, and its `how` says how the answer goes wrong. See `Instruction` in fake-answer.ts.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answer, type Behaviour, type Call, callOf, type ChatBody, sendJson } from './fake-answer.ts';

/** Pico-USD per token. */
export interface FakePrices {
  readonly input: bigint;
  readonly cached: bigint;
  readonly output: bigint;
}

export interface FakeBill {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Nano-USD, rounded half up per call. */
  readonly nanos: bigint;
}

export interface FakeProvider {
  /** To be configured as `baseUrl`. */
  readonly url: string;
  /** Every request that arrived, oldest first. */
  readonly requests: readonly {
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }[];
  bill(): FakeBill;
  /** Decides the next answers that no instruction decides, in order of arrival. */
  next(...behaviours: readonly Behaviour[]): void;
  close(): Promise<void>;
}

export interface FakeProviderOptions {
  readonly prices: FakePrices;
  readonly models: readonly string[];
  /** When given, a request without this bearer token is answered 401. */
  readonly credential?: string;
}

export async function startFakeProvider(options: FakeProviderOptions): Promise<FakeProvider> {
  const requests: FakeProvider['requests'][number][] = [];
  const queue: Behaviour[] = [];
  let bill: FakeBill = { calls: 0, inputTokens: 0, outputTokens: 0, nanos: 0n };

  const charge = (call: Call, words: number): void => {
    const output = words * call.choices;
    const { prices } = options;
    const picos =
      BigInt(call.input - call.cached) * prices.input +
      BigInt(call.cached) * prices.cached +
      BigInt(output) * prices.output;
    bill = {
      calls: bill.calls + 1,
      inputTokens: bill.inputTokens + call.input,
      outputTokens: bill.outputTokens + output,
      nanos: bill.nanos + (picos + 500n) / 1000n,
    };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await request.toArray()).toString();
    requests.push({ path: request.url ?? '', headers: request.headers, body });
    if (options.credential !== undefined && request.headers.authorization !== `Bearer ${options.credential}`) {
      sendJson(response, 401, { error: { message: 'Incorrect API key provided.', type: 'invalid_request_error' } });
    } else if (request.url === '/v1/models') {
      sendJson(response, 200, { object: 'list', data: options.models.map((id) => ({ id, object: 'model' })) });
    } else if (request.url === '/v1/chat/completions') {
      const chat = JSON.parse(body) as ChatBody;
      await answer(
        callOf(chat, body.length, () => queue.shift()),
        response,
        charge,
      );
    } else {
      sendJson(response, 404, { error: { message: 'Unknown request URL.', type: 'invalid_request_error' } });
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    bill: () => bill,
    next: (...behaviours) => queue.push(...behaviours),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
