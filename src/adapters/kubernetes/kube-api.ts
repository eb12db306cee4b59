import type { KubeApi, KubeName, KubeObject, KubeResource } from '../../ports/kube.ts';
import type { KubeExchangeDeps, KubeRequest } from './kube-exchange.ts';
import { refusal, rejected, statusOf } from './kube-failure.ts';
import { objectOf, pageOf } from './kube-object.ts';
import { createKubeTransport, isSuccess, type KubeAnswer, type KubeTransport } from './kube-transport.ts';
import { collectionPath, misnamed, nameOf, objectPath, queryOf } from './kube-url.ts';
import { watchEvents } from './kube-watch.ts';

/** The API server of one cluster. Connections are kept until `close`, which ends what is under way with an error. */
export interface KubeClient extends KubeApi {
  /** The same server over the same connections, for calls that are worth less time, such as those for a lease. */
  withDeadline(deadlineMs: number): KubeApi;
  close(): Promise<void>;
}

/** Of every call; of a watch until it opens. */
const DEADLINE_MS = 10_000;

/** The one {@link KubeApi}: `config` from `loadKubeAccess`, whose docstring says who may import this folder. */
export function createKubeApi(deps: KubeExchangeDeps): KubeClient {
  const transport = createKubeTransport(deps);
  const withDeadline = (deadlineMs: number): KubeApi => createCalls(transport, deps, deadlineMs);
  return { ...withDeadline(DEADLINE_MS), withDeadline, close: () => transport.close() };
}

function createCalls(transport: KubeTransport, { clock }: KubeExchangeDeps, deadlineMs: number): KubeApi {
  const ask = (request: KubeRequest): Promise<KubeAnswer> => transport.call(request, deadlineMs);
  const write = async (request: KubeRequest): Promise<KubeObject> =>
    objectOf(request, valueOf(request, await ask(request)));

  return {
    async get(resource, name) {
      const request = read(resource, named(resource, name, 'GET'), {});
      const answer = await ask(request);
      if (isMissing(answer, name)) return null;
      return objectOf(request, valueOf(request, answer));
    },
    async list(resource, { namespace, limit, next }) {
      const query = { limit: String(limit), continue: next };
      const request = read(resource, collectionPath(resource, namespace), query);
      return pageOf(request, resource, valueOf(request, await ask(request)));
    },
    watch(resource, { namespace, resourceVersion, timeoutSeconds, idleMs }, signal) {
      const query = {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        timeoutSeconds: String(timeoutSeconds),
      };
      const request = read(resource, collectionPath(resource, namespace), query);
      return watchEvents({ transport, clock }, request, { openMs: deadlineMs, idleMs }, signal);
    },
    async create(resource, object) {
      named(resource, nameOf(object), 'POST');
      const path = collectionPath(resource, object.metadata.namespace ?? '');
      return write({ ...about(resource, path), method: 'POST', query: '', body: json('application/json', object) });
    },
    async replace(resource, object) {
      const request = { ...about(resource, named(resource, nameOf(object), 'PUT')), method: 'PUT' as const };
      // Without one, the server would replace whatever is there now.
      if ((object.metadata.resourceVersion ?? '') === '') throw rejected(request, 'the object has no resourceVersion');
      return write({ ...request, query: '', body: json('application/json', object) });
    },
    async apply(resource, object, { manager, subresource }) {
      const path = named(resource, nameOf(object), 'PATCH', subresource);
      const query = queryOf({ fieldManager: manager, force: 'true' });
      // JSON is YAML, and servers before 1.34 know no other name for it.
      const body = json('application/apply-patch+yaml', object);
      return write({ ...about(resource, path), method: 'PATCH', query, body });
    },
    async patch(resource, name, patch, options) {
      const path = named(resource, name, 'PATCH', options?.subresource);
      const query = options === undefined ? '' : queryOf({ fieldManager: options.manager });
      return write({
        ...about(resource, path),
        method: 'PATCH',
        query,
        body: json('application/merge-patch+json', patch),
      });
    },
  };
}

function read(resource: KubeResource, path: string, query: Readonly<Record<string, string>>): KubeRequest {
  return { ...about(resource, path), method: 'GET', query: queryOf(query) };
}

function about(resource: KubeResource, path: string): Pick<KubeRequest, 'path' | 'secret'> {
  return { path, secret: resource.group === '' && resource.plural === 'secrets' };
}

/** The path of an object. @throws KubeError where the name would lead elsewhere */
function named(resource: KubeResource, name: KubeName, method: string, subresource?: string): string {
  const path = objectPath(resource, name, subresource);
  const why = misnamed(resource, name);
  if (why !== null) throw rejected({ ...about(resource, path), method }, why);
  return path;
}

function json(type: string, value: unknown): { readonly type: string; readonly text: string } {
  return { type, text: JSON.stringify(value) };
}

function valueOf(request: KubeRequest, { code, value }: KubeAnswer): unknown {
  if (!isSuccess(code)) throw refusal(request, code, statusOf(value));
  return value;
}

/** The server knows the kind and says that there is no such object. Any other 404 says nothing about objects. */
function isMissing({ code, value }: KubeAnswer, { name }: KubeName): boolean {
  if (code !== 404) return false;
  const status = statusOf(value);
  return status?.reason === 'NotFound' && status.name === name;
}
