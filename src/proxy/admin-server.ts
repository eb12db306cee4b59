import fastify, { type FastifyInstance } from 'fastify';

/** The second port: probes and metrics, for the kubelet and Prometheus; nothing of it needs a key. */
export function createAdminServer(deps: {
  /** Configuration loaded and not draining; says nothing about the ledger. */
  isReady: () => boolean;
  exposition: () => Promise<string>;
}): FastifyInstance {
  const app = fastify({ exposeHeadRoutes: false, requestTimeout: 10_000 });
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const ready = deps.isReady();
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ok\n' : 'not ready\n');
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.exposition()),
  );
  return app;
}
