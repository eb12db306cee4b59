import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '../core/errors.ts';
import { formatUsd } from '../core/money.ts';
import type { RequestOutcome } from '../ports/proxy-metrics.ts';
import type { HeaderMap, UpstreamFailure } from '../ports/upstream.ts';
import { readChatAnswer } from './answer.ts';
import { budgetHeaders } from './budget-headers.ts';
import type { Forwarding } from './forward.ts';
import { callerHeaders } from './headers.ts';
import { sendAnswer } from './http-answer.ts';
import { errorAnswer } from './refusal-answer.ts';
import { costOf, type Cost, type Metered, type Settlement } from './settlement.ts';
import { createStreamAnswer } from './stream-answer.ts';

/** What becomes of a provider's answer: passed on, metered, settled once. */
export interface Answer {
  headers(status: number, headers: HeaderMap): void;
  /** False: the caller is slow, pause. */
  data(chunk: Uint8Array): boolean;
  /** True: the answer is of no use, end the exchange. */
  isRejected(): boolean;
  end(): RequestOutcome;
  failed(failure: UpstreamFailure): RequestOutcome;
}

/** A call, the way to its caller, and the settling of it. */
export interface AnswerContext {
  readonly forwarding: Forwarding;
  readonly response: ServerResponse;
  /** Prices what was seen and settles the call. */
  settle(metered: Metered, aborted: boolean): Cost;
  release(): void;
}

/** A complete answer is kept in memory to be priced before its headers; a longer one is refused. */
const MAX_ANSWER_BYTES = 64 * 1_048_576;
const MAX_ERROR_BYTES = 1_048_576;
const NOTHING: Metered = { usage: { kind: 'absent' }, model: null, outputBytes: 0 };

/** Chooses by what the provider answers: an error, a stream of events, or one JSON document. */
export function createAnswer(settlement: Settlement, forwarding: Forwarding, response: ServerResponse): Answer {
  const { call, request } = forwarding;
  const context: AnswerContext = {
    forwarding,
    response,
    settle(metered, aborted) {
      const cost = costOf(call, request, metered, aborted);
      settlement.settle(call, cost, metered.model ?? request.model);
      return cost;
    },
    release: () => settlement.release(call),
  };
  let chosen: Answer | undefined;
  return {
    headers(status, headers) {
      chosen = choose(context, status, headers);
      chosen.headers(status, headers);
    },
    data: (chunk) => chosen?.data(chunk) ?? true,
    isRejected: () => chosen?.isRejected() ?? false,
    end: () => (chosen ?? createMissingAnswer(context)).end(),
    failed: (failure) => (chosen ?? createMissingAnswer(context)).failed(failure),
  };
}

function choose(context: AnswerContext, status: number, headers: HeaderMap): Answer {
  if (status === 401 || status === 403) return createRejectedCredential(context);
  if (status < 200 || status >= 300) return createErrorAnswer(context, status, headers);
  // Asked for plain bytes and sent others: neither its usage nor its text can be read.
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return createUnreadableAnswer(context);
  const isStream = /^text\/event-stream\b/i.test(headers['content-type'] ?? '');
  return isStream ? createStreamAnswer(context) : createJsonAnswer(context, status, headers);
}

function complain(context: AnswerContext, code: ErrorCode, more = ''): RequestOutcome {
  sendAnswer(context.response, errorAnswer(code, `provider ${context.forwarding.call.provider.name}${more}`));
  return 'upstream_error';
}

/** Nothing arrived. Only what was never sent is certainly not billed. */
function createMissingAnswer(context: AnswerContext): Answer {
  const failed = (failure: Pick<UpstreamFailure, 'kind' | 'sent'>): RequestOutcome => {
    if (failure.sent) context.settle(NOTHING, true);
    else context.release();
    if (failure.kind === 'aborted') return 'aborted';
    return complain(context, failure.kind === 'timeout' ? 'upstream_timeout' : 'upstream_unreachable');
  };
  return {
    headers: () => {},
    data: () => true,
    isRejected: () => false,
    end: () => failed({ kind: 'reset', sent: true }),
    failed,
  };
}

/** The provider does not know the proxy: the caller learns that much, not which credential it was. */
function createRejectedCredential(context: AnswerContext): Answer {
  const finish = (): RequestOutcome => {
    context.release();
    return complain(context, 'provider_rejected');
  };
  return { headers: () => {}, data: () => true, isRejected: () => false, end: finish, failed: finish };
}

function createUnreadableAnswer(context: AnswerContext): Answer {
  const finish = (): RequestOutcome => {
    context.settle(NOTHING, true);
    return complain(context, 'upstream_unreachable', ' compressed its answer although it was asked not to');
  };
  return { headers: () => {}, data: () => true, isRejected: () => true, end: finish, failed: finish };
}

/** A refusal of the provider before any output: passed on as it is, and nothing is charged. */
function createErrorAnswer(context: AnswerContext, status: number, provider: HeaderMap): Answer {
  const { response } = context;
  const body = createBuffer(MAX_ERROR_BYTES);
  const finish = (): RequestOutcome => {
    context.release();
    if (!response.destroyed) {
      const bytes = body.bytes();
      response.writeHead(status, { ...callerHeaders(provider), 'content-length': String(bytes.length) });
      response.end(bytes);
    }
    return 'upstream_error';
  };
  return { headers: () => {}, data: body.push, isRejected: body.isFull, end: finish, failed: finish };
}

/** One JSON document: kept whole, priced, and sent with its exact cost in a header. */
function createJsonAnswer(context: AnswerContext, status: number, provider: HeaderMap): Answer {
  const { response } = context;
  const { call } = context.forwarding;
  const body = createBuffer(MAX_ANSWER_BYTES);
  return {
    headers: () => {},
    data: body.push,
    isRejected: body.isFull,
    end() {
      const bytes = body.bytes();
      const cost = context.settle(readChatAnswer(bytes), false);
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
      context.settle(readChatAnswer(body.bytes()), true);
      if (failure.kind === 'aborted' && !body.isFull()) return 'aborted';
      return complain(
        context,
        'upstream_unreachable',
        body.isFull() ? ' sent too long an answer' : ' broke off its answer',
      );
    },
  };
}

interface BoundedBuffer {
  /** Keeps a chunk while there is room. Always true: what is kept in memory needs no pause. */
  push(chunk: Uint8Array): boolean;
  isFull(): boolean;
  bytes(): Buffer;
}

function createBuffer(most: number): BoundedBuffer {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let full = false;
  return {
    push(chunk) {
      full ||= length + chunk.length > most;
      if (!full) chunks.push(chunk);
      if (!full) length += chunk.length;
      return true;
    },
    isFull: () => full,
    bytes: () => Buffer.concat(chunks),
  };
}
