import { KubeError } from '../../ports/kube.ts';
import { createKubeConnections } from './kube-connections.ts';
import { createKubeExchange, type KubeExchangeDeps, type KubeRequest, type KubeResponse } from './kube-exchange.ts';
import { type KubeAction, reasonOf, refusal, statusOf, unavailable } from './kube-failure.ts';
import { startTimeLimit, type TimeLimit } from './time-limit.ts';

/** An answer as it came: an error of the server is one too. `value`: its JSON; of an error without any, null. */
export interface KubeAnswer {
  readonly code: number;
  readonly value: unknown;
}

export interface KubeTransport {
  /** One request and its whole answer within `deadlineMs`. @throws KubeError when there is none */
  call(request: KubeRequest, deadlineMs: number): Promise<KubeAnswer>;
  /** Opens a watch: its body, which `limit` ends. @throws KubeError when the server refuses or does not answer */
  open(request: KubeRequest, limit: TimeLimit): Promise<AsyncIterable<Uint8Array>>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** A page holds at most as many objects as were asked for, each of 3 MiB at most. */
const ANSWER_BYTES = 128 * 1024 * 1024;

/**
 * Requests to the API server: credentials, kept connections, deadlines by our clock, the pauses that the server asks for,
 * and errors that repeat nothing of an answer.
 */
export function createKubeTransport(deps: KubeExchangeDeps): KubeTransport {
  const connections = createKubeConnections();
  const exchange = createKubeExchange(deps, connections);
  return {
    async call(request, deadlineMs) {
      const limit = startTimeLimit(deps.clock, deadlineMs);
      try {
        return await answerOf(request, await exchange(request, 'calls', limit));
      } catch (error) {
        throw failureOf(request, limit, error);
      } finally {
        limit.disarm();
      }
    },
    async open(request, limit) {
      try {
        const response = await exchange(request, 'watches', limit);
        if (isSuccess(response.statusCode) && isJson(response)) return response.body;
        const { code, value } = await answerOf(request, response);
        throw refusal(request, code, statusOf(value));
      } catch (error) {
        throw failureOf(request, limit, error);
      }
    },
    close: () => connections.close(),
  };
}

/** Turns whatever ended a request, or the body of a watch, into the port's error. */
export function failureOf(action: KubeAction, limit: TimeLimit, error: unknown): KubeError {
  if (error instanceof KubeError) return error;
  return unavailable(action, limit.signal.aborted ? limit.why() : reasonOf(error), error);
}

export function isSuccess(code: number): boolean {
  return code >= 200 && code < 300;
}

async function answerOf(request: KubeRequest, response: KubeResponse): Promise<KubeAnswer> {
  const code = response.statusCode;
  // A page of HTML is not worth reading, and may never end.
  if (isSuccess(code) && !isJson(response)) {
    response.body.destroy();
    throw unavailable(request, `answered ${code}, but not with JSON`);
  }
  const text = await textOf(request, response);
  if (!isJson(response)) return { code, value: null };
  try {
    return { code, value: JSON.parse(text) };
  } catch {
    // The parser's own message quotes the body.
    if (isSuccess(code)) throw unavailable(request, `answered ${code} with broken JSON`);
    return { code, value: null };
  }
}

async function textOf(request: KubeRequest, { body }: KubeResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > ANSWER_BYTES) throw unavailable(request, `the answer is longer than ${ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isJson({ headers }: KubeResponse): boolean {
  return String(headers['content-type'] ?? '').startsWith('application/json');
}
