import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKubeApi, type KubeClient } from '../../src/adapters/kubernetes/kube-api.ts';
import type { KubeAccess } from '../../src/adapters/kubernetes/kube-config.ts';
import type { KubeObject, KubeResource, WatchEvent } from '../../src/ports/kube.ts';
import { createManualClock, type ManualClock } from '../gen/manual-clock.ts';

const CONFIG_MAPS: KubeResource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const NAME = { namespace: 'shop', name: 'a' };
const PATH = '/prefix/api/v1/namespaces/shop/configmaps/a';
const OBJECT = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...NAME, resourceVersion: '7' } };
const FROM = { namespace: 'shop', resourceVersion: '7', timeoutSeconds: 300, idleMs: 120_000 };
const ADDED = `${JSON.stringify({ type: 'ADDED', object: OBJECT })}\n`;

type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => void;

const json =
  (code: number, value: unknown, headers: Record<string, string> = {}): Misbehaviour =>
  (_, response) =>
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
const status = (code: number, reason: string, headers: Record<string, string> = {}): Misbehaviour =>
  json(code, { kind: 'Status', reason, code, message: `it is ${reason}` }, headers);
const pause = (code: number, seconds: string): Misbehaviour => status(code, 'Busy', { 'retry-after': seconds });
const page =
  (code: number): Misbehaviour =>
  (_, response) =>
    response.writeHead(code, { 'content-type': 'text/html' }).end('<html>hush');
const endlessPage: Misbehaviour = (_, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).write('<html>hush');
const silence: Misbehaviour = () => undefined;
const reset: Misbehaviour = (request) => request.socket.resetAndDestroy();
/** A watch that begins with `text` and then goes on with `then`. */
const stream =
  (text: string, then?: (response: ServerResponse) => void): Misbehaviour =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(text, () => then?.(response));
  };
/** Waits for what real sockets do, however long they take. */
const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
};
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('the Kubernetes API over a server that misbehaves', () => {
  let server: Server;
  let clock: ManualClock;
  let api: KubeClient;
  let origin: string;
  /** What the server does, request by request; the last one for ever. */
  let plan: Misbehaviour[];
  let seen: { method: string; url: string; authorization: string }[];
  let counted: string[];
  let arrived: (() => void)[];
  let token: string;
  let refreshes: number;
  let credentialsFail: () => Promise<void>;

  beforeEach(async () => {
    [clock, plan, seen, counted, arrived] = [createManualClock(1_000_000), [], [], [], []];
    [token, refreshes] = ['first', 0];
    credentialsFail = async () => undefined;
    server = createServer((request, response) => {
      request.resume();
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, authorization: headers.authorization ?? '' });
      const act = plan.length > 1 ? plan.shift() : plan[0];
      act?.(request, response);
      arrived.shift()?.();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config: KubeAccess = {
      server: `${origin}/prefix`,
      namespace: 'shop',
      credentials: async () => {
        await credentialsFail();
        return { headers: { authorization: `Bearer ${token}` }, tls: {}, generation: refreshes };
      },
      refresh: () => {
        refreshes += 1;
        token = 'second';
      },
    };
    const metrics = { apiRequest: (...words: string[]) => void counted.push(words.slice(0, 2).join(' ')) };
    api = createKubeApi({ config, clock, metrics });
  });
  afterEach(async () => {
    await api.close();
    server.closeAllConnections();
    server.close();
  });

  const get = (): Promise<KubeObject | null> => api.get(CONFIG_MAPS, NAME);
  const nextRequest = (): Promise<void> => new Promise((resolve) => void arrived.push(resolve));
  const watched = async (signal = new AbortController().signal): Promise<WatchEvent[]> => {
    const events: WatchEvent[] = [];
    for await (const event of api.watch(CONFIG_MAPS, FROM, signal)) events.push(event);
    return events;
  };

  describe('in a call', () => {
    it.each([[429], [503], [500]])('waits as long as the server asks after a %d', async (code) => {
      plan = [pause(code, '3'), json(200, OBJECT)];
      const answer = get();
      let answered = false;
      void answer.finally(() => (answered = true));
      await until(() => counted.length === 1);
      for (let step = 0; step < 20; step += 1) await new Promise((resolve) => setImmediate(resolve));
      clock.advance(2_999);
      for (let step = 0; step < 20; step += 1) await new Promise((resolve) => setImmediate(resolve));
      expect([seen.length, answered]).toEqual([1, false]);
      clock.advance(1);
      expect(await answer).toEqual(OBJECT);
      expect(counted).toEqual([`${code} GET`, '200 GET']);
    });

    it('does not wait for what comes after its deadline', async () => {
      plan = [pause(429, '10'), json(200, OBJECT)];
      expect(await failureOf(get())).toMatchObject({ reason: 'Unavailable', transient: true });
      expect(seen).toHaveLength(1);
    });

    it('does not ask again for ever, nor at once, where the server asks for no pause at all', async () => {
      plan = [pause(429, '0')];
      const failed = failureOf(get());
      let ended = false;
      void failed.finally(() => (ended = true));
      await until(() => {
        clock.advance(10);
        return ended;
      });
      expect(await failed).toMatchObject({ reason: 'Unavailable' });
      expect(seen.length).toBeLessThanOrEqual(10);
    });

    it.each([
      ['500 without a word', json(500, 'oops'), 'answered 500'],
      ['502 of something in between', page(502), 'answered 502'],
      ['429 without a pause', status(429, 'TooManyRequests'), 'answered 429 TooManyRequests: it is TooManyRequests'],
      ['a reset connection', reset, 'ECONNRESET'],
      ['a page', page(200), 'answered 200, but not with JSON'],
      ['a page without end', endlessPage, 'answered 200, but not with JSON'],
      ['broken JSON', stream('{"hush', (response) => response.end()), 'answered 200 with broken JSON'],
      ['an answer cut short', stream('{"hush', (response) => response.socket?.destroy()), 'UND_ERR_SOCKET'],
      ['no object', json(200, { hush: 1 }), 'the answer is no Kubernetes object'],
    ])('is Unavailable after %s, once and without quoting it', async (_, act, why) => {
      plan = [act];
      const error = await failureOf(get());
      expect(error).toMatchObject({ reason: 'Unavailable', transient: true });
      expect((error as Error).message).toBe(`GET ${PATH.replace('/prefix', '')}: ${why}`);
      expect(seen).toHaveLength(1);
    });

    it('ends by its deadline when the server never answers, and closes that connection', async () => {
      plan = [silence];
      const request = nextRequest();
      const socket = once(server, 'connection');
      const failed = failureOf(get());
      await request;
      const [held] = await socket;
      const closed = once(held, 'close');
      clock.advance(10_000);
      expect(await failed).toMatchObject({
        reason: 'Unavailable',
        message: 'GET /api/v1/namespaces/shop/configmaps/a: no answer within 10000 ms',
      });
      await closed;
      expect(counted).toEqual(['<error> GET']);
    });

    it('ends by its deadline within an answer, and by its own where it has one', async () => {
      plan = [stream('{"apiVersion":')];
      const failed = failureOf(api.withDeadline(2_000).get(CONFIG_MAPS, NAME));
      await until(() => counted.length === 1);
      clock.advance(2_000);
      expect(await failed).toMatchObject({ message: expect.stringContaining('no answer within 2000 ms') });
    });

    it('does not follow a redirect', async () => {
      plan = [(_, response) => response.writeHead(307, { location: `${origin}/elsewhere` }).end()];
      expect(await failureOf(get())).toMatchObject({ reason: 'Rejected', transient: false });
      expect(seen.map(({ url }) => url)).toEqual([PATH]);
    });

    it('does not take the 404 of something else for a missing object', async () => {
      plan = [(_, response) => response.writeHead(404).end('404 page not found')];
      expect(await failureOf(get())).toMatchObject({ reason: 'NotFound' });
      plan = [json(404, { kind: 'Status', reason: 'NotFound', code: 404, details: {} })];
      expect(await failureOf(get())).toMatchObject({ reason: 'NotFound' });
      plan = [json(404, { kind: 'Status', reason: 'NotFound', code: 404, details: { name: 'a' } })];
      expect(await get()).toBeNull();
    });

    it('renews its credentials once when the server refuses them', async () => {
      plan = [status(401, 'Unauthorized'), json(200, OBJECT)];
      expect(await get()).toEqual(OBJECT);
      plan = [status(401, 'Unauthorized')];
      expect(await failureOf(get())).toMatchObject({ reason: 'Unauthorized', transient: true });
      expect(seen.map(({ authorization }) => authorization)).toEqual(
        ['first', 'second', 'second', 'second'].map((word) => `Bearer ${word}`),
      );
      expect(refreshes).toBe(2);
    });

    it('is Unavailable when there are no credentials, or none in time', async () => {
      credentialsFail = () => Promise.reject(new SyntaxError('Unexpected token: "hush"'));
      expect(await failureOf(get())).toMatchObject({
        reason: 'Unavailable',
        message: 'GET /api/v1/namespaces/shop/configmaps/a: no credentials: it is not JSON',
      });
      credentialsFail = () => new Promise(() => undefined);
      const failed = failureOf(get());
      clock.advance(10_000);
      expect(await failed).toMatchObject({ message: expect.stringContaining('no answer within 10000 ms') });
      expect(seen).toEqual([]);
    });

    it.each(['', '.', '..'])('never asks for a path that the name "%s" would lead to', async (name) => {
      expect(await failureOf(api.get(CONFIG_MAPS, { namespace: 'shop', name }))).toMatchObject({ reason: 'Rejected' });
      expect(await failureOf(api.patch(CONFIG_MAPS, { namespace: name, name: 'a' }, {}))).toMatchObject({
        reason: 'Rejected',
      });
      expect(seen).toEqual([]);
    });

    it('encodes what it puts into a path', async () => {
      plan = [json(200, OBJECT)];
      await api.get(CONFIG_MAPS, { namespace: 'shop', name: 'a/../b?c#d' });
      await api.get(CONFIG_MAPS, { namespace: 'shop/..', name: 'a' });
      expect(seen.map(({ url }) => url)).toEqual([
        PATH.replace(/a$/, 'a%2F..%2Fb%3Fc%23d'),
        PATH.replace('shop', 'shop%2F..'),
      ]);
    });

    it('is refused after the end', async () => {
      plan = [silence];
      const request = nextRequest();
      const pending = failureOf(get());
      await request;
      await api.close();
      expect(await pending).toMatchObject({ reason: 'Unavailable' });
      expect(await failureOf(get())).toMatchObject({ reason: 'Unavailable' });
    });
  });

  describe('in a watch', () => {
    it('asks for bookmarks, from a version, for a time', async () => {
      plan = [stream(`${ADDED}{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n`, (r) => r.end())];
      expect(await watched()).toEqual([
        { type: 'ADDED', object: OBJECT },
        { type: 'BOOKMARK', resourceVersion: '9' },
      ]);
      const { pathname, searchParams } = new URL(seen[0]!.url, origin);
      expect([pathname, Object.fromEntries(searchParams)]).toEqual([
        '/prefix/api/v1/namespaces/shop/configmaps',
        { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '7', timeoutSeconds: '300' },
      ]);
    });

    it.each([
      ['an answer', status(410, 'Expired')],
      ['an event', stream('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')],
      ['an event without a reason', stream('{"type":"ERROR","object":{"kind":"Status","code":410}}\n')],
    ])('must list again when the version is gone, said by %s', async (_, act) => {
      plan = [act];
      expect(await failureOf(watched())).toMatchObject({ reason: 'Expired' });
    });

    it.each([
      ['an error that is none', '{"type":"ERROR","object":{}}\n', 'Rejected'],
      ['an internal error', '{"type":"ERROR","object":{"kind":"Status","code":500}}\n', 'Unavailable'],
      ['garbage', '<hush>\n', 'Unavailable'],
      ['an unknown event', '{"type":"HUSH","object":{}}\n', 'Unavailable'],
      ['an event without an object', '{"type":"ADDED","object":{"hush":1}}\n', 'Unavailable'],
      ['a giant line', 'x'.repeat(9 * 1024 * 1024), 'Unavailable'],
    ])('fails at %s, after what came before', async (_, line, reason) => {
      plan = [stream(`${ADDED}${line}`)];
      const events: WatchEvent[] = [];
      const watch = async (): Promise<void> => {
        for await (const event of api.watch(CONFIG_MAPS, FROM, new AbortController().signal)) events.push(event);
      };
      const error = await failureOf(watch());
      expect(error).toMatchObject({ reason });
      expect((error as Error).message).not.toContain('hush');
      expect(events).toHaveLength(1);
    });

    it.each([
      ['the connection is cut', `${ADDED}{"type":`, (response: ServerResponse) => response.socket?.destroy()],
      ['the body ends', `${ADDED}{"type":`, (response: ServerResponse) => response.end()],
      ['the connection is cut between two', ADDED, (response: ServerResponse) => response.socket?.destroy()],
    ])('fails when %s within an event', async (_, text, then) => {
      plan = [stream(text, then)];
      expect(await failureOf(watched())).toMatchObject({ reason: 'Unavailable' });
    });

    it('fails when the server never begins to answer', async () => {
      plan = [silence];
      const request = nextRequest();
      const failed = failureOf(watched());
      await request;
      clock.advance(10_000);
      expect(await failed).toMatchObject({ message: expect.stringContaining('no answer within 10000 ms') });
    });

    it('fails when nothing is heard for too long, and what does not end is nothing', async () => {
      let drip: ServerResponse | undefined;
      plan = [
        stream(ADDED, (response) => {
          drip = response;
        }),
      ];
      let heard = 0;
      const watch = async (): Promise<void> => {
        for await (const event of api.watch(CONFIG_MAPS, FROM, new AbortController().signal))
          heard += event.type.length;
      };
      let ended = false;
      const failed = failureOf(watch()).finally(() => (ended = true));
      await until(() => heard > 0);
      await until(() => {
        drip?.write('x');
        clock.advance(1_000);
        return ended;
      });
      expect(await failed).toMatchObject({
        reason: 'Unavailable',
        message: expect.stringContaining('no answer within 120000 ms'),
      });
    });

    it('may be quiet for longer than it took to open', async () => {
      let quiet: ServerResponse | undefined;
      plan = [
        (_, response) => {
          response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
          quiet = response;
        },
      ];
      const watching = watched();
      await until(() => counted.length === 1);
      for (let step = 0; step < 20; step += 1) await new Promise((resolve) => setImmediate(resolve));
      clock.advance(119_999);
      quiet?.end(ADDED);
      expect(await watching).toHaveLength(1);
    });

    it('does not take the time of its reader for silence', async () => {
      plan = [stream(ADDED + ADDED, (response) => response.end())];
      let events = 0;
      for await (const event of api.watch(CONFIG_MAPS, FROM, new AbortController().signal)) {
        clock.advance(1_000_000);
        events += event.type === 'ADDED' ? 1 : 0;
      }
      expect(events).toBe(2);
    });

    it.each([
      ['it is aborted', (stop: AbortController) => (stop.abort(), false)],
      ['its reader leaves', () => true],
    ])('ends without an error and closes its connection when %s', async (_, act) => {
      plan = [stream(ADDED + ADDED)];
      const connection = once(server, 'connection');
      const stop = new AbortController();
      let events = 0;
      for await (const event of api.watch(CONFIG_MAPS, FROM, stop.signal)) {
        events += event.type === 'ADDED' ? 1 : 0;
        if (act(stop)) break;
      }
      expect(events).toBe(1);
      const [socket] = await connection;
      await until(() => socket.destroyed);
    });

    it('ends when it is aborted before the server answers, or before it asks', async () => {
      plan = [silence];
      const stop = new AbortController();
      const request = nextRequest();
      const watching = watched(stop.signal);
      await request;
      stop.abort();
      expect(await watching).toEqual([]);
      expect(await watched(stop.signal)).toEqual([]);
      expect(seen).toHaveLength(1);
    });

    it('waits as long as the server asks, and renews its credentials', async () => {
      plan = [pause(429, '1'), status(401, 'Unauthorized'), stream(ADDED, (response) => response.end())];
      const watching = watched();
      let ended = false;
      void watching.finally(() => (ended = true));
      await until(() => {
        clock.advance(100);
        return ended;
      });
      expect(await watching).toHaveLength(1);
      expect(counted).toEqual(['429 GET', '401 GET', '200 GET']);
    });
  });
});
