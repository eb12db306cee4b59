import type { Clock } from '../../ports/clock.ts';
import {
  type KubeApi,
  KubeError,
  type KubeName,
  type KubeObject,
  type KubeResource,
  type WatchEvent,
} from '../../ports/kube.ts';
import type { OperatorMetrics } from '../../ports/operator-metrics.ts';
import type { KubeAccess } from './kube-config.ts';
import { createKubeTransport, type KubeRequest, type KubeTransport } from './kube-transport.ts';
import { linesOf, watchEvent } from './watch-lines.ts';

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubeObject[];
}

/**
 * The Kubernetes API over HTTP. This folder is the only one that loads the client library (85 MB): whoever composes a
 * process imports it dynamically, so that a proxy never does.
 */
export function createKubeApi(deps: {
  access: KubeAccess;
  clock: Clock;
  metrics: Pick<OperatorMetrics, 'apiRequest'>;
}): KubeApi {
  const transport = createKubeTransport(deps);
  const call = async (request: KubeRequest): Promise<KubeObject> => (await transport.call(request)) as KubeObject;

  return {
    async get(resource, name) {
      try {
        return await call({ method: 'GET', path: pathOf(resource, name), about: about('get', resource, name) });
      } catch (error) {
        if (error instanceof KubeError && error.reason === 'NotFound') return null;
        throw error;
      }
    },
    async list(resource, { namespace, limit, next }) {
      const query = new URLSearchParams({ limit: String(limit), ...(next === '' ? {} : { continue: next }) });
      const path = `${pathOf(resource, { namespace, name: '' })}?${query.toString()}`;
      const answer = (await transport.call({ method: 'GET', path, about: `list ${resource.plural}` })) as ListAnswer;
      const { resourceVersion = '', continue: after = '' } = answer.metadata ?? {};
      return { items: answer.items ?? [], resourceVersion, next: after };
    },
    watch: (resource, from, signal) => watch(transport, resource, from, signal),
    create: (resource, object) =>
      call({
        method: 'POST',
        path: pathOf(resource, { namespace: object.metadata.namespace ?? '', name: '' }),
        body: object,
        about: about('create', resource, nameOf(object)),
      }),
    replace: (resource, object) =>
      call({
        method: 'PUT',
        path: pathOf(resource, nameOf(object)),
        body: object,
        about: about('replace', resource, nameOf(object)),
      }),
    apply: (resource, object, { manager, subresource }) =>
      call({
        method: 'PATCH',
        path: `${pathOf(resource, nameOf(object))}${subresource === undefined ? '' : `/${subresource}`}?fieldManager=${encodeURIComponent(manager)}&force=true`,
        body: object,
        contentType: 'application/apply-patch+yaml',
        about: about('apply', resource, nameOf(object)),
      }),
    patch: (resource, name, patch) =>
      call({
        method: 'PATCH',
        path: pathOf(resource, name),
        body: patch,
        contentType: 'application/merge-patch+json',
        about: about('patch', resource, name),
      }),
  };
}

async function* watch(
  transport: KubeTransport,
  resource: KubeResource,
  from: Parameters<KubeApi['watch']>[1],
  signal: AbortSignal,
): AsyncIterable<WatchEvent> {
  const { namespace, resourceVersion, timeoutSeconds, idleMs } = from;
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  });
  const path = `${pathOf(resource, { namespace, name: '' })}?${query.toString()}`;
  const body = await transport.stream({ method: 'GET', path, about: `watch ${resource.plural}` }, { signal, idleMs });
  try {
    for await (const line of linesOf(body)) {
      const event = line.trim() === '' ? undefined : watchEvent(line);
      if (event !== undefined) yield event;
    }
  } catch (error) {
    if (error instanceof KubeError) throw error;
    const why = isIdle(error) ? `nothing was heard for ${idleMs / 1000} s` : 'the connection was lost';
    throw new KubeError('Unavailable', `watch ${resource.plural}: ${why}`, error);
  } finally {
    body.destroy();
  }
}

function isIdle(error: unknown): boolean {
  return error instanceof Error && error.name === 'BodyTimeoutError';
}

function pathOf({ group, version, plural, namespaced }: KubeResource, { namespace, name }: KubeName): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${within}/${plural}${name === '' ? '' : `/${encodeURIComponent(name)}`}`;
}

function nameOf({ metadata: { namespace = '', name } }: KubeObject): KubeName {
  return { namespace, name };
}

function about(verb: string, { kind }: KubeResource, { namespace, name }: KubeName): string {
  return `${verb} ${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
