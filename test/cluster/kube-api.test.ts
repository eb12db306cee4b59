import { channel } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createKubeApi, type KubeClient } from '../../src/adapters/kubernetes/kube-api.ts';
import { loadKubeAccess } from '../../src/adapters/kubernetes/kube-config.ts';
import type { KubeObject, KubeResource, WatchEvent } from '../../src/ports/kube.ts';
import { hasControlPlane } from '../tools/control-plane.ts';
import { type ApiServer, startApiServer } from './api-server.ts';

const core = (plural: string, kind: string): KubeResource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});
const CONFIG_MAPS = core('configmaps', 'ConfigMap');
const SECRETS = core('secrets', 'Secret');
const CRDS: KubeResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
const TEAMS: KubeResource = {
  group: 'budgetd.dev',
  version: 'v1alpha1',
  plural: 'teams',
  kind: 'Team',
  namespaced: true,
};

const configMap = (name: string, data: Record<string, string> = { a: '1' }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const secret = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'default' },
  stringData: { key: 'hush' },
});
const team = (name: string, more: Record<string, unknown>): KubeObject => ({
  apiVersion: 'budgetd.dev/v1alpha1',
  kind: 'Team',
  metadata: { name, namespace: 'default' },
  ...more,
});
const inDefault = (name: string) => ({ namespace: 'default', name });

describe.skipIf(!hasControlPlane())('the Kubernetes API over a real server', () => {
  let server: ApiServer;
  let api: KubeClient;
  let requests: string[];

  const connect = (file: string): KubeClient => {
    const metrics = { apiRequest: (...words: string[]) => void requests.push(words.join(' ')) };
    return createKubeApi({ config: loadKubeAccess({ file }), clock: createSystemClock(), metrics });
  };
  /** A client of the same server as somebody else, until the test ends. */
  const connectAs = (
    name: string,
    user: Record<string, unknown>,
    cluster?: Record<string, unknown>,
  ): { client: KubeClient; file: string } => {
    const file = join(server.kubeconfig, '..', `kubeconfig-${name}`);
    const config = JSON.parse(readFileSync(server.kubeconfig, 'utf8'));
    const clusters = cluster === undefined ? config.clusters : [{ name: 'test', cluster }];
    writeFileSync(file, JSON.stringify({ ...config, clusters, users: [{ name: 'admin', user }] }));
    const client = connect(file);
    onTestFinished(() => client.close());
    return { client, file };
  };

  beforeAll(async () => {
    requests = [];
    server = await startApiServer();
    server.kubectl(['apply', '--server-side', '-f', 'crds/']);
    server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
    api = connect(server.kubeconfig);
  });
  afterAll(async () => {
    await api.close();
    await server.stop();
  });

  it('gets an object as the server stores it, and null where there is none', async () => {
    await api.create(CONFIG_MAPS, configMap('got'));
    expect(await api.get(CONFIG_MAPS, inDefault('got'))).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
    expect(await api.get(CONFIG_MAPS, inDefault('missing'))).toBeNull();
    expect(await api.get(TEAMS, inDefault('missing'))).toBeNull();
  });

  it('does not take an unknown kind for a missing object', async () => {
    for (const group of ['', 'budgetd.dev', 'nowhere.example']) {
      const unknown = { ...TEAMS, group, plural: 'unknowns' };
      await expect(api.get(unknown, inDefault('x'))).rejects.toMatchObject({ reason: 'NotFound' });
    }
  });

  it('lists in pages, each item with its kind', async () => {
    for (const name of ['a', 'b', 'c']) await api.create(SECRETS, secret(`page-${name}`));
    const first = await api.list(SECRETS, { namespace: 'default', limit: 2, next: '' });
    const second = await api.list(SECRETS, { namespace: 'default', limit: 2, next: first.next });
    expect([first.items.length, second.items.length, second.next]).toEqual([2, 1, '']);
    expect(first.next).not.toBe('');
    expect(second.resourceVersion).toBe(first.resourceVersion);
    expect(
      [...first.items, ...second.items].map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name]),
    ).toEqual(['a', 'b', 'c'].map((name) => ['Secret', 'v1', `page-${name}`]));
  });

  it('lists over all namespaces where none is named', async () => {
    const { items } = await api.list(core('namespaces', 'Namespace'), { namespace: '', limit: 500, next: '' });
    expect(items.map(({ metadata }) => metadata.name)).toContain('kube-system');
    const page = await api.list(CONFIG_MAPS, { namespace: '', limit: 500, next: '' });
    expect(new Set(page.items.map(({ metadata }) => metadata.namespace))).toContain('kube-system');
  });

  it('refuses to continue a list that was never begun', async () => {
    const request = api.list(CONFIG_MAPS, { namespace: '', limit: 2, next: 'no such page' });
    await expect(request).rejects.toMatchObject({ reason: 'Rejected', transient: false });
  });

  it('watches additions, changes and deletions, from where a list ended, until it is aborted', async () => {
    const { resourceVersion } = await api.list(CONFIG_MAPS, { namespace: 'default', limit: 500, next: '' });
    const stop = new AbortController();
    const from = { namespace: 'default', resourceVersion, timeoutSeconds: 60, idleMs: 60_000 };
    const created = await api.create(CONFIG_MAPS, configMap('seen'));
    await api.replace(CONFIG_MAPS, { ...created, data: { a: '2' } });
    server.kubectl(['delete', 'configmap', 'seen']);
    const events: WatchEvent[] = [];
    for await (const event of api.watch(CONFIG_MAPS, from, stop.signal)) {
      events.push(event);
      if (event.type === 'DELETED') stop.abort();
    }
    expect(events.map((event) => [event.type, 'object' in event ? event.object['data'] : null])).toEqual([
      ['ADDED', { a: '1' }],
      ['MODIFIED', { a: '2' }],
      ['DELETED', { a: '2' }],
    ]);
  });

  it('ends a watch with the server', async () => {
    const { resourceVersion } = await api.list(CONFIG_MAPS, { namespace: 'default', limit: 500, next: '' });
    const from = { namespace: 'default', resourceVersion, timeoutSeconds: 1, idleMs: 60_000 };
    const events: WatchEvent[] = [];
    for await (const event of api.watch(CONFIG_MAPS, from, new AbortController().signal)) events.push(event);
    expect(events).toEqual([]);
  });

  it('does not create what is there', async () => {
    await api.create(CONFIG_MAPS, configMap('once'));
    await expect(api.create(CONFIG_MAPS, configMap('once'))).rejects.toMatchObject({
      reason: 'AlreadyExists',
      message:
        'POST /api/v1/namespaces/default/configmaps: answered 409 AlreadyExists: configmaps "once" already exists',
    });
  });

  it('replaces and patches only the version that was read', async () => {
    const old = await api.create(CONFIG_MAPS, configMap('replaced'));
    const next = await api.replace(CONFIG_MAPS, { ...old, data: { a: '2' } });
    expect(next['data']).toEqual({ a: '2' });
    await expect(api.replace(CONFIG_MAPS, { ...old, data: {} })).rejects.toMatchObject({ reason: 'Conflict' });
    await expect(api.replace(CONFIG_MAPS, configMap('replaced'))).rejects.toMatchObject({ reason: 'Rejected' });

    const stale = { metadata: { resourceVersion: old.metadata.resourceVersion }, data: { a: '3' } };
    await expect(api.patch(CONFIG_MAPS, inDefault('replaced'), stale)).rejects.toMatchObject({ reason: 'Conflict' });
    const patched = await api.patch(CONFIG_MAPS, inDefault('replaced'), { data: { b: '4' } });
    expect(patched['data']).toEqual({ a: '2', b: '4' });
  });

  it('changes nothing by applying the same twice, and takes over what another manager had', async () => {
    const first = await api.apply(CONFIG_MAPS, configMap('applied'), { manager: 'budgetd' });
    const again = await api.apply(CONFIG_MAPS, configMap('applied'), { manager: 'budgetd' });
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const taken = await api.apply(CONFIG_MAPS, configMap('applied', { a: '2' }), { manager: 'another' });
    expect(taken['data']).toEqual({ a: '2' });
  });

  it('applies a status, but not of a missing object', async () => {
    const status = { status: { observedGeneration: 7 } };
    const options = { manager: 'budgetd-status', subresource: 'status' } as const;
    await expect(api.apply(TEAMS, team('nobody', status), options)).rejects.toMatchObject({ reason: 'NotFound' });
    await api.apply(TEAMS, team('real', { spec: {} }), { manager: 'test' });
    expect((await api.apply(TEAMS, team('real', status), options))['status']).toMatchObject({ observedGeneration: 7 });
  });

  it('says what is invalid, and what may not be, by reason', async () => {
    await expect(api.create(TEAMS, team('Bad_Name', { spec: {} }))).rejects.toMatchObject({ reason: 'Invalid' });
    const mismatched = { ...configMap('x'), kind: 'Secret' };
    await expect(api.create(CONFIG_MAPS, mismatched)).rejects.toMatchObject({ reason: 'Rejected' });
  });

  it('says nothing of what the server says about a Secret', async () => {
    const wrong = { ...secret('wrong'), stringData: {}, data: { key: 'not base 64: hush' } };
    const error = await api.create(SECRETS, wrong).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ message: expect.stringMatching(/^POST \S+secrets: answered 400 BadRequest$/) });
    expect(JSON.stringify(error)).not.toContain('hush');
  });

  it('drops no field that it has no type for', async () => {
    const crd = await api.get(CRDS, { namespace: '', name: 'teams.budgetd.dev' });
    const stored = JSON.parse(server.kubectl(['get', 'crd', 'teams.budgetd.dev', '-o', 'json']).out);
    expect(JSON.stringify(crd)).toContain('x-kubernetes-');
    expect(crd?.['spec']).toEqual(stored.spec);
    const applied = {
      apiVersion: crd?.apiVersion,
      kind: crd?.kind,
      metadata: { name: 'teams.budgetd.dev' },
      spec: stored.spec,
    };
    const after = await api.apply(CRDS, applied as KubeObject, { manager: 'budgetd' });
    expect(after['spec']).toEqual(stored.spec);
  });

  it('keeps connections: calls one after the other need no new ones', async () => {
    const { client } = connectAs('one', { token: 'admin-of-the-tests' });
    let connected = 0;
    const count = (): void => void (connected += 1);
    channel('undici:client:connected').subscribe(count);
    onTestFinished(() => {
      channel('undici:client:connected').unsubscribe(count);
    });
    for (let call = 0; call < 20; call += 1) await client.get(CONFIG_MAPS, inDefault('missing'));
    // The pool opens a second one for a call that comes before the first has become idle.
    expect(connected).toBeLessThanOrEqual(2);
  });

  it('counts requests by code, method and host', async () => {
    requests = [];
    await api.get(CONFIG_MAPS, inDefault('missing'));
    expect(requests).toEqual([`404 GET ${new URL(server.url).host}`]);
  });

  it('tells who it is not and what it may not', async () => {
    const stranger = connectAs('stranger', { token: 'wrong' }).client;
    requests = [];
    await expect(stranger.get(CONFIG_MAPS, inDefault('x'))).rejects.toMatchObject({
      reason: 'Unauthorized',
      transient: true,
    });
    expect(requests).toHaveLength(2);
    const nobody = connectAs('nobody', { token: 'admin-of-the-tests', as: 'nobody' }).client;
    await expect(nobody.get(CONFIG_MAPS, inDefault('x'))).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  it('trusts the server by its CA, and by nothing else', async () => {
    const cluster = { server: server.url };
    const trusting = { ...cluster, 'certificate-authority': join('certs', 'apiserver.crt') };
    const user = { token: 'admin-of-the-tests' };
    expect(await connectAs('trusting', user, trusting).client.get(CONFIG_MAPS, inDefault('missing'))).toBeNull();
    await expect(connectAs('wary', user, cluster).client.get(CONFIG_MAPS, inDefault('missing'))).rejects.toMatchObject({
      reason: 'Unavailable',
      message: expect.stringMatching(/CERT/),
    });
  });

  it('reads its credentials again when the server refuses them', async () => {
    const { client, file } = connectAs('renewed', { token: 'old' });
    writeFileSync(file, readFileSync(server.kubeconfig));
    expect(await client.get(CONFIG_MAPS, inDefault('missing'))).toBeNull();
  });
});
