import type { Readable } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import { type Clock, sleep } from '../../ports/clock.ts';
import { KubeError, type KubeErrorReason } from '../../ports/kube.ts';
import type { OperatorMetrics } from '../../ports/operator-metrics.ts';
import type { Access, KubeAccess } from './kube-config.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** What the path is about, for messages. */
  readonly about: string;
}

export interface KubeTransport {
  /** The answer's JSON. Ends by its deadline, pauses that the server asks for included. @throws KubeError */
  call(request: KubeRequest): Promise<unknown>;
  /** The answer's body as it comes. @throws KubeError */
  stream(request: KubeRequest, until: { readonly signal: AbortSignal; readonly idleMs: number }): Promise<Readable>;
}

const DEADLINE_MS = 10_000;
const HEADERS_MS = 10_000;
/** Where the server names no pause. */
const PAUSE_MS = 1_000;
const MOST_ERROR_BYTES = 65_536;

interface Deps {
  readonly access: KubeAccess;
  readonly clock: Clock;
  readonly metrics: Pick<OperatorMetrics, 'apiRequest'>;
}

export function createKubeTransport(deps: Deps): KubeTransport {
  const { clock } = deps;
  return {
    async call(request) {
      const endMs = clock.monotonicMs() + DEADLINE_MS;
      for (;;) {
        const leftMs = endMs - clock.monotonicMs();
        const response = await send(deps, request, 'call', {
          signal: AbortSignal.timeout(Math.max(Math.ceil(leftMs), 1)),
          idleMs: DEADLINE_MS,
        });
        if (response.statusCode < 300) return readJson(request, response);
        const pauseMs = pauseOf(response);
        const error = await refusal(request, response);
        if (pauseMs === null || clock.monotonicMs() + pauseMs >= endMs) throw error;
        await sleep(clock, pauseMs);
      }
    },
    async stream(request, until) {
      const response = await send(deps, request, 'watch', until);
      if (response.statusCode < 300) return response.body;
      throw await refusal(request, response);
    },
  };
}

async function send(
  { access, metrics }: Deps,
  request: KubeRequest,
  use: 'call' | 'watch',
  until: { readonly signal: AbortSignal; readonly idleMs: number },
): Promise<Dispatcher.ResponseData> {
  let now: Access | undefined;
  try {
    now = await access.access();
    const response = await now.dispatcher(use).request({
      origin: now.server,
      path: request.path,
      method: request.method,
      headers: {
        ...now.headers,
        accept: 'application/json',
        'user-agent': 'budgetd-operator',
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      headersTimeout: HEADERS_MS,
      bodyTimeout: until.idleMs,
      signal: until.signal,
    });
    metrics.apiRequest(String(response.statusCode), request.method, hostOf(now));
    return response;
  } catch (error) {
    if (error instanceof KubeError) throw error;
    metrics.apiRequest('<error>', request.method, hostOf(now));
    throw new KubeError('Unavailable', `${request.about}: the API server does not answer: ${causeOf(error)}`, error);
  }
}

async function refusal(request: KubeRequest, response: Dispatcher.ResponseData): Promise<KubeError> {
  const { reason, message } = statusOf(await readText(response));
  const sentence = message === '' ? `status ${response.statusCode}` : message;
  return new KubeError(reasonOf(response.statusCode, reason), `${request.about}: ${sentence}`);
}

/** How long to wait before trying again; null: it was refused for good. */
function pauseOf({ statusCode, headers }: Dispatcher.ResponseData): number | null {
  const after = Number(headers['retry-after']);
  if (statusCode === 429) return Number.isFinite(after) && after > 0 ? after * 1000 : PAUSE_MS;
  return statusCode >= 500 && Number.isFinite(after) && after > 0 ? after * 1000 : null;
}

function reasonOf(statusCode: number, reason: string): KubeErrorReason {
  if (reason === 'AlreadyExists' || reason === 'Expired') return reason;
  if (statusCode === 429 || statusCode >= 500) return 'Unavailable';
  return BY_STATUS[statusCode] ?? 'Rejected';
}

const BY_STATUS: Readonly<Record<number, KubeErrorReason>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
};

/** A Status object, as far as it is one. */
function statusOf(text: string): { reason: string; message: string } {
  try {
    const { kind, reason, message } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (kind === 'Status') return { reason: textOf(reason), message: textOf(message).slice(0, 500) };
  } catch {
    // Said by its status code alone.
  }
  return { reason: '', message: '' };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

async function readJson(request: KubeRequest, { body }: Dispatcher.ResponseData): Promise<unknown> {
  try {
    return await body.json();
  } catch (error) {
    throw new KubeError('Unavailable', `${request.about}: the answer broke off: ${causeOf(error)}`, error);
  }
}

async function readText({ body }: Dispatcher.ResponseData): Promise<string> {
  let text = '';
  try {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length > MOST_ERROR_BYTES) break;
    }
  } catch {
    // What came so far says enough.
  }
  return text;
}

function causeOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'timed out';
  if (error instanceof errors.UndiciError) return error.code.toLowerCase();
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function hostOf(access: Access | undefined): string {
  return access === undefined ? '' : new URL(access.server).host;
}
