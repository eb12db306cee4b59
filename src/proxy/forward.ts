import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../core/errors.ts';
import { formatUsd } from '../core/money.ts';
import type { Exchange, HeaderMap, Upstream, UpstreamFailure, UpstreamRequest } from '../ports/upstream.ts';
import type { RequestOutcome } from '../ports/proxy-metrics.ts';
import type { AdmittedCall } from './admission.ts';
import { readChatAnswer } from './answer.ts';
import type { ChatRequest } from './chat-request.ts';
import { budgetHeaders } from './budget-headers.ts';
import { callerHeaders } from './headers.ts';
import { sendAnswer } from './http-answer.ts';
import { errorAnswer } from './refusal-answer.ts';
import { costOf, type Metered, type Settlement } from './settlement.ts';
import { createChatStreamMeter, type StreamMeter } from './sse-meter.ts';

/** An admitted call on its way through the proxy. */
export interface Forwarding {
  readonly call: AdmittedCall;
  readonly request: ChatRequest;
  /** True when this proxy asked for the usage chunk on the caller's behalf: it is taken out again. */
  readonly injected: boolean;
  readonly upstream: UpstreamRequest;
}

/** A complete answer is kept in memory to be priced before its headers; a longer one is refused. */
const MAX_ANSWER_BYTES = 64 * 1_048_576;
const MAX_ERROR_BYTES = 1_048_576;
const MAX_EVENT_BYTES = 16 * 1_048_576;
const NOTHING: Metered = { usage: { kind: 'absent' }, model: null, outputBytes: 0 };

/**
 * Sends an admitted call to its provider and the answer to the caller, and settles it exactly once, whatever happens to
 * either side: journaled before the last byte of the answer, released only when the provider certainly did not serve it.
 */
export function forward(
  deps: { upstream: Upstream; settlement: Settlement },
  forwarding: Forwarding,
  client: { request: IncomingMessage; response: ServerResponse },
): Promise<RequestOutcome> {
  const { response } = client;
  if (response.destroyed) {
    deps.settlement.release(forwarding.call);
    return Promise.resolve('aborted');
  }
  return new Promise((resolve) => {
    const answer = createAnswer(deps.settlement, forwarding, response);
    let exchange: Exchange | undefined;
    // 'close' of the response is the only reliable word of a disconnect; that of the request comes with its last byte.
    response.once('close', () => {
      if (!response.writableFinished) exchange?.abort();
    });
    response.on('drain', () => exchange?.resume());
    exchange = deps.upstream.send(forwarding.upstream, {
      headers: (status, headers) => answer.headers(status, headers),
      data(chunk) {
        const flowing = answer.data(chunk);
        if (answer.isTooLong()) exchange?.abort();
        return flowing;
      },
      end: () => resolve(answer.end()),
      failed: (failure) => resolve(answer.failed(failure)),
    });
  });
}

interface Answer {
  headers(status: number, headers: HeaderMap): void;
  data(chunk: Uint8Array): boolean;
  isTooLong(): boolean;
  end(): RequestOutcome;
  failed(failure: UpstreamFailure): RequestOutcome;
}

/** Chooses by what the provider answers: an error, a stream of events, or one JSON document. */
function createAnswer(settlement: Settlement, forwarding: Forwarding, response: ServerResponse): Answer {
  let chosen: Answer | undefined;
  const context: AnswerContext = { settlement, forwarding, response, status: 0, provider: {} };
  return {
    headers(status, provider) {
      const answering = { ...context, status, provider };
      const isStream = /^text\/event-stream\b/i.test(provider['content-type'] ?? '');
      if (status >= 400) chosen = createErrorAnswer(answering);
      else chosen = isStream ? createStreamAnswer(answering) : createJsonAnswer(answering);
      chosen.headers(status, provider);
    },
    data: (chunk) => chosen?.data(chunk) ?? true,
    isTooLong: () => chosen?.isTooLong() ?? false,
    end: () => chosen?.end() ?? failedBeforeAnswer(context, { kind: 'reset', sent: true, message: 'no answer' }),
    failed: (failure) => chosen?.failed(failure) ?? failedBeforeAnswer(context, failure),
  };
}

interface AnswerContext {
  readonly settlement: Settlement;
  readonly forwarding: Forwarding;
  readonly response: ServerResponse;
  readonly status: number;
  readonly provider: HeaderMap;
}

/** Nothing arrived. Only what was never sent is certainly not billed. */
function failedBeforeAnswer(context: AnswerContext, failure: UpstreamFailure): RequestOutcome {
  const { settlement, forwarding, response } = context;
  if (!failure.sent) settlement.release(forwarding.call);
  else settlement.settle(forwarding.call, costOf(forwarding.call, forwarding.request, NOTHING, true));
  if (failure.kind === 'aborted') return 'aborted';
  const code: ErrorCode = failure.kind === 'timeout' ? 'upstream_timeout' : 'upstream_unreachable';
  sendAnswer(response, errorAnswer(code, `provider ${forwarding.call.provider.name}`));
  return 'upstream_error';
}

/** A refusal of the provider before any output: passed on as it is, and nothing is charged. */
function createErrorAnswer(context: AnswerContext): Answer {
  const { settlement, forwarding, response, status, provider } = context;
  const body = createBuffer(MAX_ERROR_BYTES);
  const finish = (): RequestOutcome => {
    settlement.release(forwarding.call);
    if (!response.destroyed) {
      response.writeHead(status, { ...callerHeaders(provider), 'content-length': String(body.length()) });
      response.end(body.bytes());
    }
    return 'upstream_error';
  };
  return {
    headers: () => {},
    data: (chunk) => body.push(chunk),
    isTooLong: () => body.isFull(),
    end: finish,
    failed: finish,
  };
}

/** One JSON document: kept whole, priced, and sent with its exact cost in a header. */
function createJsonAnswer(context: AnswerContext): Answer {
  const { settlement, forwarding, response, status, provider } = context;
  const { call, request } = forwarding;
  const body = createBuffer(MAX_ANSWER_BYTES);
  return {
    headers: () => {},
    data: (chunk) => body.push(chunk),
    isTooLong: () => body.isFull(),
    end() {
      const bytes = body.bytes();
      const cost = costOf(call, request, readChatAnswer(bytes), false);
      settlement.settle(call, cost);
      if (response.destroyed) return 'aborted';
      response.writeHead(status, {
        ...callerHeaders(provider),
        ...budgetHeaders(call, cost.nanos),
        'x-budgetd-cost': formatUsd(cost.nanos),
        'content-length': String(bytes.length),
      });
      response.end(bytes);
      return 'served';
    },
    failed(failure) {
      const seen = { ...NOTHING, outputBytes: body.length() };
      settlement.settle(call, costOf(call, request, seen, true));
      if (failure.kind === 'aborted' && !body.isFull()) return 'aborted';
      sendAnswer(response, errorAnswer('upstream_unreachable', `provider ${call.provider.name} broke off its answer`));
      return 'upstream_error';
    },
  };
}

/** A stream of events: passed on as it arrives, metered on the way, settled before its last event is passed on. */
function createStreamAnswer(context: AnswerContext): Answer {
  const { forwarding, response, status, provider } = context;
  const meter = createChatStreamMeter({ strip: forwarding.injected, maxEventBytes: MAX_EVENT_BYTES });
  const settleOnce = createStreamSettlement(context, meter);
  return {
    headers() {
      response.writeHead(status, { ...callerHeaders(provider), ...budgetHeaders(forwarding.call, null) });
      response.flushHeaders();
    },
    data(chunk) {
      const passed = meter.push(chunk);
      if (meter.isDone()) settleOnce(false);
      return passed.map((piece) => response.write(piece)).every(Boolean);
    },
    isTooLong: () => false,
    end() {
      const { rest } = meter.finish();
      settleOnce(false);
      for (const piece of rest) response.write(piece);
      response.end();
      return 'served';
    },
    failed(failure) {
      settleOnce(true);
      // The caller's SDK must see a broken stream, not a finished one.
      response.destroy();
      return failure.kind === 'aborted' ? 'aborted' : 'upstream_error';
    },
  };
}

function createStreamSettlement(context: AnswerContext, meter: StreamMeter): (aborted: boolean) => void {
  const { settlement, forwarding } = context;
  let settled = false;
  return (aborted) => {
    if (settled) return;
    settled = true;
    settlement.settle(forwarding.call, costOf(forwarding.call, forwarding.request, meter.finish(), aborted));
  };
}

interface BoundedBuffer {
  push(chunk: Uint8Array): boolean;
  isFull(): boolean;
  length(): number;
  bytes(): Buffer;
}

function createBuffer(most: number): BoundedBuffer {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let full = false;
  return {
    push(chunk) {
      full ||= length + chunk.length > most;
      if (full) return true;
      chunks.push(chunk);
      length += chunk.length;
      return true;
    },
    isFull: () => full,
    length: () => length,
    bytes: () => Buffer.concat(chunks),
  };
}
