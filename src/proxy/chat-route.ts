import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERRORS } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { errorText, type Log } from '../ports/log.ts';
import type { ProxyMetrics, RequestOutcome } from '../ports/proxy-metrics.ts';
import type { Upstream, UpstreamRequest } from '../ports/upstream.ts';
import type { AdmittedCall, Admission, RefusedCall } from './admission.ts';
import { readChatRequest, type ChatRequest } from './chat-request.ts';
import { type Forwarding, forward } from './forward.ts';
import { providerHeaders } from './headers.ts';
import { sendAnswer, type HttpAnswer } from './http-answer.ts';
import { errorAnswer, refusalAnswer, thrownAnswer } from './refusal-answer.ts';
import type { Settlement } from './settlement.ts';
import { withIncludeUsage } from './splice.ts';

/** One request as the route sees it. */
export interface ChatCall {
  readonly providerName: string | null;
  /** Of a key that exists; the gate has looked. */
  readonly sha256: string;
  readonly body: Buffer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export type ChatRoute = (call: ChatCall) => Promise<void>;

/** A provider's credential: none is needed, or the one that is configured cannot be had now. */
export type CredentialOf = (provider: string) => { readonly kind: 'none' | 'missing' } | Credential;
interface Credential {
  readonly kind: 'secret';
  readonly secret: string;
}

export interface ChatRouteDeps {
  readonly admission: Admission;
  readonly settlement: Settlement;
  readonly upstream: Upstream;
  readonly credential: CredentialOf;
  readonly clock: Clock;
  readonly metrics: ProxyMetrics;
  readonly log: Log;
}

/** The route's name in metrics. */
export const CHAT_ROUTE = 'chat_completions';

/** `POST /v1/chat/completions`, once the gate has let it in: body, admission, forward, settle; one outcome each. */
export function createChatRoute(deps: ChatRouteDeps): ChatRoute {
  const { metrics, log } = deps;
  return async (call) => {
    const seen = { provider: '', model: 'other' };
    const outcome = await serve(deps, call, seen).catch((error: unknown): RequestOutcome => {
      log.error('proxy: a request failed', { error: errorText(error) });
      sendAnswer(call.response, thrownAnswer(error));
      return 'unavailable';
    });
    metrics.request(CHAT_ROUTE, seen.provider, seen.model, outcome);
  };
}

async function serve(
  deps: ChatRouteDeps,
  call: ChatCall,
  seen: { provider: string; model: string },
): Promise<RequestOutcome> {
  const { admission, metrics, clock } = deps;
  const startedMs = clock.monotonicMs();
  const answer = (ready: HttpAnswer, outcome: RequestOutcome): RequestOutcome => {
    sendAnswer(call.response, ready);
    return outcome;
  };

  const read = readChatRequest(call.body, call.request.headers['content-type']);
  if (read.kind === 'bad') return answer(errorAnswer(read.code, read.message, read.param), 'refused');
  const { sha256, providerName } = call;
  const admitted = await admission.admit({ sha256, providerName, request: read.request });
  if (admitted.kind === 'refused') return answer(refused(metrics, admitted), outcomeOf(admitted));
  seen.provider = admitted.provider.name;
  seen.model = admitted.price?.label ?? 'other';
  const outcome = send(deps, call, admitted, read.request);
  metrics.overhead((clock.monotonicMs() - startedMs) / 1000);
  return outcome;
}

function send(
  deps: ChatRouteDeps,
  call: ChatCall,
  admitted: AdmittedCall,
  request: ChatRequest,
): Promise<RequestOutcome> {
  const credential = deps.credential(admitted.provider.name);
  if (credential.kind === 'missing') {
    deps.settlement.release(admitted);
    sendAnswer(call.response, errorAnswer('provider_credential_missing', `provider ${admitted.provider.name}`));
    return Promise.resolve('unavailable');
  }
  const injected = request.stream && !request.includeUsage && admitted.provider.streamOptions;
  const body = injected ? withIncludeUsage(call.body, request.members) : call.body;
  const secret = credential.kind === 'secret' ? credential.secret : null;
  const upstream = upstreamRequest(admitted, call.request, { secret, body });
  const forwarding: Forwarding = { call: admitted, request, injected, upstream };
  return forward(deps, forwarding, call.response);
}

/** The provider's address comes from configuration and constants only; nothing of the caller's URL reaches it. */
function upstreamRequest(
  admitted: AdmittedCall,
  caller: IncomingMessage,
  own: { secret: string | null; body: Uint8Array },
): UpstreamRequest {
  const base = new URL(admitted.provider.baseUrl);
  return {
    origin: base.origin,
    path: `${base.pathname.replace(/\/$/, '')}/chat/completions`,
    method: 'POST',
    headers: providerHeaders(caller.headers, own.secret),
    body: own.body,
  };
}

function refused(metrics: ProxyMetrics, call: RefusedCall): HttpAnswer {
  metrics.refused(call.refusal?.reason ?? call.code, call.refusal?.subject.kind ?? '');
  return refusalAnswer(call);
}

function outcomeOf(call: RefusedCall): RequestOutcome {
  return ERRORS[call.code].status >= 500 ? 'unavailable' : 'refused';
}
