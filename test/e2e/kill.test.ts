import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasRedis, type RedisServer, startRedis } from '../integration/redis-server.ts';
import { spawnBudgetd } from './budgetd.ts';
import { ask, budgetsOf, createSetup, eventually, nanos, sdk, type Setup, virtualKey } from './setup.ts';

const spentOf = async (budgetd: { url: string }, key: string): Promise<bigint> =>
  nanos((await budgetsOf(budgetd, key))[0]?.spent ?? '-1');

describe.skipIf(!hasRedis())('a process that ends, or a Redis that does', () => {
  let redis: RedisServer;
  let setup: Setup;

  beforeEach(async () => {
    redis = await startRedis();
    setup = await createSetup();
    setup.workspace.manifest('k.yaml', virtualKey('a', '  budgets: [{name: total, limit: "100"}]'));
  });
  afterEach(async () => {
    await setup.dispose();
    await redis.stop();
  });

  describe('kill -9 of a proxy between the answer and its settle', () => {
    it('loses nothing: the next start settles what was answered', async () => {
      const config = setup.configure({ ledger: `{installation: e2e, redis: {url: "${redis.url}"}}` });
      const first = await setup.standalone(config);
      const key = setup.workspace.key('shop', 'a');
      await sdk(first, key).chat.completions.create(ask({ input: 100, output: 10 }));
      await eventually(
        () => spentOf(first, key),
        (spent) => spent === setup.provider.bill().nanos,
      );
      // Admit two calls, then silence Redis before they are answered: their settles cannot arrive.
      const slow = { how: { kind: 'slow', pauseMs: 1_000 } };
      const before = setup.provider.requests.length;
      const json = sdk(first, key).chat.completions.create(ask({ input: 200, output: 20, ...slow }));
      const stream = sdk(first, key).chat.completions.create({
        ...ask({ input: 300, output: 3, ...slow }),
        stream: true,
      });
      await eventually(
        () => Promise.resolve(setup.provider.requests.length),
        (requests) => requests === before + 2,
      );
      process.kill(redis.pid(), 'SIGSTOP');
      await json;
      await Array.fromAsync(await stream);
      await first.end('SIGKILL');
      process.kill(redis.pid(), 'SIGCONT');
      const second = await setup.standalone(config);
      const spent = await eventually(
        () => spentOf(second, key),
        (found) => found === setup.provider.bill().nanos,
      );
      expect(spent).toBe(setup.provider.bill().nanos);
      expect(setup.provider.bill().calls).toBe(3);
      // Nothing of it is counted again by a third start.
      await second.end('SIGKILL');
      const third = await setup.standalone(config);
      expect(await spentOf(third, key)).toBe(spent);
    });

    it('loses nothing on the embedded ledger either', async () => {
      const config = setup.configure();
      const first = await setup.standalone(config);
      const key = setup.workspace.key('shop', 'a');
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => sdk(first, key).chat.completions.create(ask({ input: n, output: 1 }))),
      );
      await first.end('SIGKILL');
      const second = await setup.standalone(config);
      expect(await spentOf(second, key)).toBe(setup.provider.bill().nanos);
    });
  });

  it('a revoked key is refused although no push message exists: the revision in the ledger says so', async () => {
    const ledger = `{installation: e2e, redis: {url: "${redis.url}"}}`;
    const standalone = await setup.standalone(setup.configure({ ledger }));
    const key = setup.workspace.key('shop', 'a');
    const proxy = await setup.proxy(ledger);
    await sdk(proxy, key).chat.completions.create(ask({ input: 1, output: 1 }));
    setup.workspace.remove('k.yaml');
    await standalone.logged('manifests applied');
    // This proxy has the key and its record cached, and nothing told it.
    await expect(sdk(proxy, key).chat.completions.create(ask({}))).rejects.toMatchObject({ status: 401 });
  });

  it('SIGTERM lets a running stream finish, settles it and ends with 0', async () => {
    const config = setup.configure();
    const budgetd = await setup.standalone(config);
    const key = setup.workspace.key('shop', 'a');
    const stream = await sdk(budgetd, key).chat.completions.create({
      ...ask({ input: 50, output: 8, how: { kind: 'slow', pauseMs: 100 } }),
      stream: true,
    });
    const ended = budgetd.end('SIGTERM');
    expect((await Array.fromAsync(stream)).length).toBeGreaterThan(7);
    expect(await ended).toBe(0);
    const again = await setup.standalone(config);
    expect(await spentOf(again, key)).toBe(setup.provider.bill().nanos);
  });

  it('SIGTERM lets a slow reader have the whole of an answer that is paid', async () => {
    const budgetd = await setup.standalone(setup.configure());
    const key = setup.workspace.key('shop', 'a');
    const text = 'x'.repeat(8_000_000);
    const answer = JSON.stringify({
      object: 'chat.completion',
      model: 'gpt-test',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    });
    setup.provider.next({
      kind: 'replay',
      bytes: Buffer.from(answer),
      contentType: 'application/json',
      pieceBytes: 1_000_000,
    });
    const response = await new Promise<IncomingMessage>((resolve) => {
      const request = httpRequest(`${budgetd.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      });
      request.on('response', resolve);
      request.end('{"model":"gpt-test","messages":[{"role":"user","content":"hi"}]}');
    });
    // The headers are here, the body waits in the proxy: nothing reads it yet.
    const ended = budgetd.end('SIGTERM');
    await budgetd.logged('shutting down');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).length).toBe(answer.length);
    expect(await ended).toBe(0);
  });

  it('a port that is taken ends the process with the reason, and leaves nothing locked', async () => {
    const first = await setup.standalone(setup.configure());
    const { port } = new URL(first.url);
    const config = readFileSync(setup.configure(), 'utf8').replace(
      'proxy: "127.0.0.1:0"',
      `proxy: "127.0.0.1:${port}"`,
    );
    const path = setup.workspace.config(config, 'taken.yaml');
    const other = `${setup.workspace.folder}/other`;
    const args = ['standalone', '--config', path, '--manifests', setup.workspace.manifests, '--state', other];
    const second = spawnBudgetd(args);
    expect(await second.exited()).toBe(1);
    expect(second.log()).toContain('EADDRINUSE');
  });

  it('a Redis that lost its data admits nothing until the loss is accepted', async () => {
    const ledger = `{installation: e2e, redis: {url: "${redis.url}"}}`;
    const config = setup.configure({ ledger });
    const budgetd = await setup.standalone(config);
    const key = setup.workspace.key('shop', 'a');
    const client = sdk(budgetd, key, { maxRetries: 0 });
    await client.chat.completions.create(ask({ input: 1, output: 1 }));
    await redis.admin.flushall();
    const sent = setup.provider.requests.length;
    await expect(client.chat.completions.create(ask({}))).rejects.toMatchObject({ status: 503 });
    expect(setup.provider.requests.length).toBe(sent);
    const status = spawnBudgetd(['status', '--config', config, '--state', setup.workspace.state]);
    expect(await status.exited()).toBe(1);
    expect(status.log()).toContain('cold');
    const accept = spawnBudgetd(['status', '--config', config, '--state', setup.workspace.state, '--accept-loss']);
    expect(await accept.exited()).toBe(0);
    expect(accept.log()).toContain('loss accepted');
    // The standalone process notices by itself and writes its records again: calls are served from 0.
    await eventually(
      () => client.chat.completions.create(ask({ input: 1, output: 1 })).then(() => 'served', String),
      (outcome) => outcome === 'served',
      60_000,
    );
  });
});
