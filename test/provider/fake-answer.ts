/** The answers of the fake provider: from a request to what is generated, sent and billed. */
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** How an answer goes. `afterWords` counts the words of one choice. */
export type Behaviour =
  | { readonly kind: 'answer' }
  /** Nothing is generated and nothing is billed. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Record<string, string>;
    }
  /** The request is taken and never answered; billed for its input. */
  | { readonly kind: 'hang' }
  /** The connection is reset in the middle of the answer; billed for what was generated. */
  | { readonly kind: 'reset'; readonly afterWords: number }
  /** The stream ends in order, but early: no usage, no `[DONE]`; billed for what was generated. */
  | { readonly kind: 'cut'; readonly afterWords: number }
  /** The answer reports this as its usage, whatever it is billed; `undefined` reports none. */
  | { readonly kind: 'report'; readonly usage: unknown }
  | { readonly kind: 'slow'; readonly pauseMs: number }
  /** These bytes are sent, in pieces of that many; billed for nothing. */
  | { readonly kind: 'replay'; readonly bytes: Uint8Array; readonly contentType: string; readonly pieceBytes: number };

/** What `@fake {...}` in a message may say. Absent counts follow from the request: a token per four bytes, eight words. */
export interface Instruction {
  readonly input?: number;
  /** Of the input. */
  readonly cached?: number;
  /** Per choice; cut to the asked cap. */
  readonly output?: number;
  readonly how?: Behaviour;
}

export interface ChatBody {
  readonly model: string;
  readonly messages: readonly { readonly content: unknown }[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly n?: number | null;
}

/** One call as it is generated and billed. */
export interface Call {
  readonly model: string;
  readonly stream: boolean;
  readonly choices: number;
  readonly input: number;
  readonly cached: number;
  /** Words of one choice, a token each. */
  readonly words: number;
  readonly capped: boolean;
  readonly reportsUsage: boolean;
  readonly how: Behaviour;
}

/** Bills a call for its input and so many words of each choice. */
export type Charge = (call: Call, words: number) => void;

/** @param next decides what the request's own instruction does not */
export function callOf(chat: ChatBody, bodyBytes: number, next: () => Behaviour | undefined): Call {
  const instruction = instructionIn(chat);
  const wanted = instruction.output ?? 8;
  const words = Math.min(wanted, chat.max_completion_tokens ?? chat.max_tokens ?? wanted);
  const stream = chat.stream === true;
  return {
    model: chat.model,
    stream,
    choices: chat.n ?? 1,
    input: instruction.input ?? Math.ceil(bodyBytes / 4),
    cached: instruction.cached ?? 0,
    words,
    capped: words < wanted,
    reportsUsage: !stream || chat.stream_options?.include_usage === true,
    how: instruction.how ?? next() ?? { kind: 'answer' },
  };
}

function instructionIn(chat: ChatBody): Instruction {
  const content = chat.messages.at(-1)?.content;
  const match = /@fake (\{.*\})/s.exec(typeof content === 'string' ? content : '');
  return match?.[1] === undefined ? {} : (JSON.parse(match[1]) as Instruction);
}

export async function answer(call: Call, response: ServerResponse, charge: Charge): Promise<void> {
  const { how } = call;
  if (how.kind === 'status') sendJson(response, how.status, how.body, how.headers);
  else if (how.kind === 'hang') charge(call, 0);
  else if (how.kind === 'replay') await replay(how.bytes, how.pieceBytes, how.contentType, response);
  else if (call.stream) await answerStream(call, response, charge);
  else await answerJson(call, response, charge);
}

async function replay(bytes: Uint8Array, pieceBytes: number, type: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': type });
  for (let at = 0; at < bytes.length; at += pieceBytes) await send(response, bytes.subarray(at, at + pieceBytes));
  response.end();
}

async function answerJson(call: Call, response: ServerResponse, charge: Charge): Promise<void> {
  const { how } = call;
  if (how.kind === 'slow') await pause(how.pauseMs);
  charge(call, call.words);
  const content = Array.from({ length: call.words }, (_, index) => wordAt(index)).join('');
  const choices = choicesOf(call, { message: { role: 'assistant', content } }, true);
  const text = JSON.stringify(completion(call, 'chat.completion', choices, usageOf(call)));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
  if (how.kind === 'reset' || how.kind === 'cut') {
    await send(response, text.slice(0, text.length / 2));
    response.socket?.resetAndDestroy();
  } else {
    response.end(text);
  }
}

async function answerStream(call: Call, response: ServerResponse, charge: Charge): Promise<void> {
  const { how } = call;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (choices: unknown, usage?: unknown): Promise<void> =>
    send(response, `data: ${JSON.stringify(completion(call, 'chat.completion.chunk', choices, usage))}\n\n`);

  await chunk(choicesOf(call, { delta: { role: 'assistant', content: '' } }, false));
  const breaksOff = how.kind === 'reset' || how.kind === 'cut';
  const most = breaksOff ? Math.min(how.afterWords, call.words) : call.words;
  let words = 0;
  // Whoever hangs up stops the generation, and pays for what was generated.
  for (; words < most && !response.destroyed; words += 1) {
    if (how.kind === 'slow') await pause(how.pauseMs);
    await chunk(choicesOf(call, { delta: { content: wordAt(words) } }, false));
  }
  charge(call, words);
  if (how.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (!breaksOff) {
    await chunk(choicesOf(call, { delta: {} }, true));
    const usage = usageOf(call);
    if (call.reportsUsage && usage !== undefined) await chunk([], usage);
    response.write('data: [DONE]\n\n');
  }
  response.end();
}

function usageOf(call: Call): unknown {
  if (call.how.kind === 'report') return call.how.usage;
  const output = call.words * call.choices;
  return {
    prompt_tokens: call.input,
    completion_tokens: output,
    total_tokens: call.input + output,
    prompt_tokens_details: { cached_tokens: call.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}

function completion(call: Call, object: string, choices: unknown, usage?: unknown): object {
  return { id: 'chatcmpl-fake', object, created: 1_700_000_000, model: call.model, choices, usage };
}

function choicesOf(call: Call, part: object, last: boolean): object[] {
  const reason = call.capped ? 'length' : 'stop';
  return Array.from({ length: call.choices }, (_, index) => ({ index, ...part, finish_reason: last ? reason : null }));
}

function wordAt(index: number): string {
  return `word${index} `;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Resolves when the bytes are on their way, or can no longer be. */
function send(response: ServerResponse, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    response.write(bytes, () => resolve());
  });
}
