import { Agent, type Dispatcher } from 'undici';
import type { HeaderMap, Upstream, UpstreamEvents, UpstreamFailure, UpstreamRequest } from '../../ports/upstream.ts';

export interface UpstreamOptions {
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the answer's first. */
  readonly headersTimeoutMs: number;
  /** Between two chunks of an answer. */
  readonly idleTimeoutMs: number;
}

/**
 * Providers over undici at its dispatch level: no web streams, no retries, no redirects, no pipelining (a second billed
 * request must never wait behind, or die with, a first).
 */
export function createUndiciUpstream(options: UpstreamOptions): Upstream {
  const agent = new Agent({
    pipelining: 1,
    // Calls that share a connection would share its death.
    allowH2: false,
    connect: { timeout: options.connectTimeoutMs },
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
  });
  return {
    send(request, events) {
      const handler = createHandler(events);
      agent.dispatch(dispatchOptions(request), handler);
      return { resume: () => handler.controller?.resume(), abort: () => handler.abort() };
    },
    close: () => agent.close(),
  };
}

function dispatchOptions(request: UpstreamRequest): Dispatcher.DispatchOptions {
  const { origin, path, method, headers, body } = request;
  return { origin, path, method, headers: { ...headers }, body };
}

interface Handler extends Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | undefined;
  abort(): void;
}

const ABORTED = new Error('aborted by the caller');

function createHandler(events: UpstreamEvents): Handler {
  let sent = false;
  let aborted = false;
  let ended = false;
  const fail = (error: Error): void => {
    if (ended) return;
    ended = true;
    events.failed(aborted ? { kind: 'aborted', sent, message: ABORTED.message } : failureOf(error, sent));
  };
  return {
    controller: undefined,
    abort() {
      if (ended || aborted) return;
      aborted = true;
      this.controller?.abort(ABORTED);
    },
    onRequestStart(controller) {
      this.controller = controller;
      if (aborted) return controller.abort(ABORTED);
      sent = true;
    },
    onResponseStart(_controller, status, headers) {
      // 1xx answers announce, they do not answer.
      if (status >= 200) events.headers(status, flatten(headers));
    },
    onResponseData(controller, chunk) {
      if (!events.data(chunk)) controller.pause();
    },
    onResponseEnd() {
      if (ended) return;
      ended = true;
      events.end();
    },
    onResponseError(_controller, error) {
      fail(error);
    },
  };
}

function failureOf(error: Error, sent: boolean): UpstreamFailure {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const message = code === '' ? error.message : code;
  if (!sent) return { kind: 'connect', sent, message };
  const timedOut = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
  return { kind: timedOut ? 'timeout' : 'reset', sent, message };
}

function flatten(headers: Record<string, string | string[] | undefined>): HeaderMap {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
