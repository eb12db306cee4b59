import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errorText, type Log } from '../ports/log.ts';
import type { ChatRoute } from './chat-route.ts';
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
  deps: { chat: ChatRoute; budget: (headers: FastifyRequest['headers']) => Promise<HttpAnswer>; log: Log },
  limits: ServerLimits,
): FastifyInstance {
  const { chat, budget, log } = deps;
  const app = fastify({
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    http: {
      headersTimeout: limits.requestTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
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

  const handleChat = (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack();
    const { name } = request.params as { name?: string };
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    return chat({ providerName: name ?? null, body, request: request.raw, response: reply.raw });
  };
  const handleBudget = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack();
    sendAnswer(reply.raw, await budget(request.headers).catch((error: unknown) => failure(log, error)));
  };

  app.post('/v1/chat/completions', handleChat);
  app.post('/providers/:name/v1/chat/completions', handleChat);
  app.get('/budget', handleBudget);
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
  return app;
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
