import type { Dispatcher } from 'undici';
import { type Clock, sleep } from '../../ports/clock.ts';
import type { OperatorMetrics } from '../../ports/operator-metrics.ts';
import type { KubeAccess, KubeCredentials } from './kube-config.ts';
import type { KubeConnections, KubePool } from './kube-connections.ts';
import { type KubeAction, reasonOf, unavailable } from './kube-failure.ts';
import { type TimeLimit, untilAborted } from './time-limit.ts';

export interface KubeRequest extends KubeAction {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With its question mark; empty: none. */
  readonly query: string;
  /** JSON, whatever its type is called. */
  readonly body?: { readonly type: string; readonly text: string };
}

export type KubeResponse = Dispatcher.ResponseData;

/**
 * Sends a request until it has an answer that asks for no other attempt, within `limit`. The answer may be an error of
 * the server; its body is not read.
 */
export type KubeExchange = (request: KubeRequest, pool: KubePool, limit: TimeLimit) => Promise<KubeResponse>;

export interface KubeExchangeDeps {
  readonly config: KubeAccess;
  readonly clock: Clock;
  readonly metrics: Pick<OperatorMetrics, 'apiRequest'>;
}

/** As client-go. */
const MOST_TRIES = 10;
/** A server that asks for no pause at all gets one. */
const SHORTEST_PAUSE_MS = 100;

/** Redirects are not followed: the credentials are for this server. */
export function createKubeExchange(deps: KubeExchangeDeps, connections: KubeConnections): KubeExchange {
  const { config, clock, metrics } = deps;
  const base = new URL(config.server);
  const prefix = base.pathname.replace(/\/+$/, '');

  const send = async (request: KubeRequest, who: KubeCredentials, to: Destination): Promise<KubeResponse> => {
    const { method, body } = request;
    const path = `${prefix}${request.path}${request.query}`;
    const typed = body === undefined ? {} : { 'content-type': body.type };
    const headers = { accept: 'application/json', 'user-agent': 'budgetd', ...who.headers, ...typed };
    const agent = connections.pool(to.pool, who.tls);
    let code = '<error>';
    try {
      const options = { origin: base.origin, path, method, headers, body: body?.text ?? null };
      const response = await agent.request({ ...options, signal: to.limit.signal });
      code = String(response.statusCode);
      // A body that is left before its end emits an error, which ends the process where nobody listens.
      response.body.on('error', () => undefined);
      return response;
    } finally {
      metrics.apiRequest(code, method, base.host);
    }
  };

  return async (request, pool, limit) => {
    let refreshed = false;
    for (let tries = 1; ; tries += 1) {
      const who = await untilAborted(credentialsFor(config, request), limit.signal);
      const response = await send(request, who, { pool, limit });
      if (response.statusCode === 401 && !refreshed) {
        refreshed = true;
        await discard(response, limit);
        refreshFor(config, request, who.generation);
        continue;
      }
      const pauseMs = pauseOf(response);
      if (pauseMs === null || tries >= MOST_TRIES || pauseMs >= limit.remainingMs()) return response;
      await discard(response, limit);
      await untilAborted(sleep(clock, pauseMs), limit.signal);
    }
  };
}

interface Destination {
  readonly pool: KubePool;
  readonly limit: TimeLimit;
}

async function credentialsFor(config: KubeAccess, request: KubeRequest): Promise<KubeCredentials> {
  try {
    return await config.credentials();
  } catch (error) {
    throw unavailable(request, `no credentials: ${reasonOf(error)}`);
  }
}

function refreshFor(config: KubeAccess, request: KubeRequest, generation: number): void {
  try {
    config.refresh(generation);
  } catch (error) {
    throw unavailable(request, `no credentials: ${reasonOf(error)}`);
  }
}

/** Reads an answer that nobody wants, so that its connection can be used again. */
async function discard({ body }: KubeResponse, limit: TimeLimit): Promise<void> {
  await untilAborted(body.dump({ limit: 65_536 }), limit.signal);
}

/**
 * How long the server asks to wait before the same request; null: it does not ask. It asks only where the request had no
 * effect, or where what it was about (names, versions) makes a second effect impossible.
 */
function pauseOf({ statusCode, headers }: KubeResponse): number | null {
  if (statusCode !== 429 && statusCode < 500) return null;
  const seconds = /^\d{1,6}$/.exec(String(headers['retry-after'] ?? ''))?.[0];
  return seconds === undefined ? null : Math.max(SHORTEST_PAUSE_MS, Number(seconds) * 1000);
}
