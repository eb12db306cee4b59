import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../ports/clock.ts';
import { errorText, type Log } from '../ports/log.ts';
import type { ProxyMetrics, RequestOutcome } from '../ports/proxy-metrics.ts';
import type { Upstream, UpstreamRequest } from '../ports/upstream.ts';
import type { AdmittedCall, Admission, RefusedCall } from './admission.ts';
import { readChatRequest, type ChatRequest } from './chat-request.ts';
import { type Forwarding, forward } from './forward.ts';
import { providerHeaders } from './headers.ts';
import { sendAnswer, type HttpAnswer } from './http-answer.ts';
import { readIdentity } from './identity.ts';
import type { InFlight } from './in-flight.ts';
import { errorAnswer, refusalAnswer, thrownAnswer } from './refusal-answer.ts';
import type { Settlement } from './settlement.ts';
import { withIncludeUsage } from './splice.ts';

/** One request as the route sees it. */
export interface ChatCall {
  readonly providerName: string | null;
  readonly body: Buffer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export type ChatRoute = (call: ChatCall) => Promise<void>;

export interface ChatRouteDeps {
  readonly admission: Admission;
  readonly settlement: Settlement;
  readonly upstream: Upstream;
  readonly inFlight: InFlight;
  /** The provider's credential by provider name, or undefined. */
  readonly credential: (provider: string) => string | undefined;
  readonly clock: Clock;
  readonly metrics: ProxyMetrics;
  readonly log: Log;
}

const ROUTE = 'chat_completions';

/** `POST /v1/chat/completions`: identity, body, admission, forward, settle; every way out is one outcome. */
export function createChatRoute(deps: ChatRouteDeps): ChatRoute {
  const { metrics, log } = deps;
  return async (call) => {
    const seen = { provider: '', model: 'other' };
    const outcome = await serve(deps, call, seen).catch((error: unknown): RequestOutcome => {
      log.error('proxy: a request failed', { error: errorText(error) });
      sendAnswer(call.response, thrownAnswer(error));
      return 'unavailable';
    });
    metrics.request(ROUTE, seen.provider, seen.model, outcome);
  };
}

async function serve(
  deps: ChatRouteDeps,
  call: ChatCall,
  seen: { provider: string; model: string },
): Promise<RequestOutcome> {
  const { admission, inFlight, metrics, clock } = deps;
  const startedMs = clock.monotonicMs();
  const answer = (ready: HttpAnswer, outcome: RequestOutcome): RequestOutcome => {
    sendAnswer(call.response, ready);
    return outcome;
  };

  const identity = readIdentity(call.request.headers);
  if (identity.kind === 'none') {
    if (identity.foreign) metrics.foreignCredential();
    return answer(errorAnswer('invalid_key'), 'refused');
  }
  const read = readChatRequest(call.body, call.request.headers['content-type']);
  if (read.kind === 'bad') return answer(errorAnswer(read.code, read.message, read.param), 'refused');
  if (!inFlight.enter())
    return answer(errorAnswer(inFlight.isDraining() ? 'shutting_down' : 'overloaded'), 'unavailable');
  try {
    const admitted = await admission.admit({
      sha256: identity.sha256,
      providerName: call.providerName,
      request: read.request,
    });
    if (admitted.kind === 'refused') return answer(refused(metrics, admitted), outcomeOf(admitted));
    seen.provider = admitted.provider.name;
    seen.model = admitted.price === null ? 'other' : read.request.model;
    const outcome = send(deps, call, admitted, read.request);
    metrics.overhead((clock.monotonicMs() - startedMs) / 1000);
    return await outcome;
  } finally {
    inFlight.leave();
  }
}

function send(
  deps: ChatRouteDeps,
  call: ChatCall,
  admitted: AdmittedCall,
  request: ChatRequest,
): Promise<RequestOutcome> {
  const credential = deps.credential(admitted.provider.name);
  if (credential === undefined) {
    deps.settlement.release(admitted);
    sendAnswer(call.response, errorAnswer('provider_credential_missing', `provider ${admitted.provider.name}`));
    return Promise.resolve('unavailable');
  }
  const injected = request.stream && !request.includeUsage && admitted.provider.streamOptions;
  const body = injected ? withIncludeUsage(call.body, request.members) : call.body;
  const upstream = upstreamRequest(admitted, call.request, { credential, body });
  const forwarding: Forwarding = { call: admitted, request, injected, upstream };
  return forward(deps, forwarding, call);
}

/** The provider's address comes from configuration and constants only; nothing of the caller's URL reaches it. */
function upstreamRequest(
  admitted: AdmittedCall,
  caller: IncomingMessage,
  own: { credential: string; body: Uint8Array },
): UpstreamRequest {
  const base = new URL(admitted.provider.baseUrl);
  return {
    origin: base.origin,
    path: `${base.pathname.replace(/\/$/, '')}/chat/completions`,
    method: 'POST',
    headers: providerHeaders(caller.headers, own.credential),
    body: own.body,
  };
}

function refused(metrics: ProxyMetrics, call: RefusedCall): HttpAnswer {
  metrics.refused(call.refusal?.reason ?? call.code, call.refusal?.subject.kind ?? '');
  return refusalAnswer(call);
}

function outcomeOf(call: RefusedCall): RequestOutcome {
  return call.code.startsWith('ledger_') || call.code === 'internal_error' ? 'unavailable' : 'refused';
}
