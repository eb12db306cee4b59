import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errorText, type Log } from '../ports/log.ts';
import type { ProxyMetrics } from '../ports/proxy-metrics.ts';
import { CHAT_ROUTE, type ChatRoute } from './chat-route.ts';
import type { Gate } from './gate.ts';
import { type HttpAnswer, sendAnswer } from './http-answer.ts';
import { errorAnswer, thrownAnswer } from './refusal-answer.ts';
import { unservedRoute } from './unserved-route.ts';

export interface ServerLimits {
  /** Largest request body in bytes. */
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
  /** A request must arrive within this time, headers and body. */
  readonly requestTimeoutMs: number;
}

/** The proxy port: an exact list of routes, everything else refused by name. Bodies stay bytes. */
export function createServer(
  deps: {
    gate: Gate;
    chat: ChatRoute;
    budget: (request: IncomingMessage) => Promise<HttpAnswer>;
    metrics: ProxyMetrics;
    log: Log;
  },
  limits: ServerLimits,
): FastifyInstance {
  const { gate, chat, budget, metrics, log } = deps;
  const app = createApp(limits);
  const keys = new WeakMap<IncomingMessage, string>();
  const enter = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const entry = await gate(request.raw, reply.raw);
    if (entry.kind === 'entered') {
      keys.set(request.raw, entry.sha256);
      return undefined;
    }
    metrics.request(CHAT_ROUTE, '', 'other', entry.outcome);
    // The body was not read, so the connection cannot go on.
    return send(reply.header('connection', 'close'), entry.answer);
  };
  const handleChat = (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack();
    const { name } = request.params as { name?: string };
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const sha256 = keys.get(request.raw) ?? '';
    return chat({ providerName: name ?? null, sha256, body, request: request.raw, response: reply.raw });
  };
  const handleBudget = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack();
    sendAnswer(reply.raw, await budget(request.raw).catch((error: unknown) => failure(log, error)));
  };

  app.post('/v1/chat/completions', { onRequest: enter }, handleChat);
  app.post('/providers/:name/v1/chat/completions', { onRequest: enter }, handleChat);
  app.get('/budget', handleBudget);
  answerTheRest(app, log, limits);
  return app;
}

/** Routes nothing yet: limits, raw bodies, and the refusal of what could be read in two ways. */
function createApp(limits: ServerLimits): FastifyInstance {
  const app = fastify({
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    http: {
      headersTimeout: limits.requestTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    forceCloseConnections: false,
    routerOptions: { ignoreDuplicateSlashes: false, ignoreTrailingSlash: false, caseSensitive: true },
    frameworkErrors: (_error, _request, reply) => {
      sendAnswer(reply.hijack().raw, errorAnswer('invalid_request'));
    },
  });
  app.server.maxConnections = limits.maxConnections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', (request, reply, done) => {
    const problem = malformed(request);
    if (problem === null) done();
    else reply.code(400).headers({ connection: 'close' }).send(errorAnswer('invalid_request', problem).body);
  });

  return app;
}

function answerTheRest(app: FastifyInstance, log: Log, limits: ServerLimits): void {
  app.setNotFoundHandler((request, reply) => {
    const known = unservedRoute(request.method, request.raw.url ?? '');
    return send(reply, known === null ? errorAnswer('not_found') : errorAnswer(known.code, known.detail));
  });
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    if (error.statusCode === 413)
      return send(reply, errorAnswer('body_too_large', `at most ${limits.maxBodyBytes} bytes`));
    if (error.statusCode === 415) return send(reply, errorAnswer('unsupported_media_type'));
    if (error.statusCode !== undefined && error.statusCode < 500) return send(reply, errorAnswer('invalid_request'));
    return send(reply, failure(log, error));
  });
}

/** What no request could be made of is answered in the same words and shape as everything else. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const { status, body } =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? errorAnswer('request_timeout') : errorAnswer('invalid_request');
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json\r\nConnection: close`;
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

function send(reply: FastifyReply, answer: HttpAnswer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.body);
}

function failure(log: Log, error: unknown): HttpAnswer {
  log.error('proxy: a request failed', { error: errorText(error) });
  return thrownAnswer(error);
}

/** What a URL parser and a proxy behind us could read differently is refused before it is routed. */
function malformed(request: FastifyRequest): string | null {
  const url = request.raw.url ?? '';
  if (!url.startsWith('/') || url.startsWith('//')) return 'the request target must be a path';
  if (/%2f|%5c|%2e|\\|\/\.\.?(\/|$|\?)|;/i.test(url.split('?')[0] ?? '')) return 'the path must not need decoding';
  const hosts = request.raw.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length !== 1) return 'exactly one Host header is needed';
  return request.headers['content-encoding'] === undefined ? null : 'a compressed body is not read; send it as it is';
}
