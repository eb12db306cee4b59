import type { KubeName, KubeObject, KubeResource } from '../../ports/kube.ts';

/** The path of all objects of a kind, or of one namespace's: `/apis/apps/v1/namespaces/shop/deployments`. */
export function collectionPath(resource: KubeResource, namespace: string): string {
  const { group, version, plural, namespaced } = resource;
  const root = group === '' ? ['api', version] : ['apis', group, version];
  const within = namespaced && namespace !== '' ? ['namespaces', namespace] : [];
  return `/${[...root, ...within, plural].map(encodeURIComponent).join('/')}`;
}

export function objectPath(resource: KubeResource, name: KubeName, subresource?: string): string {
  const below = subresource === undefined ? '' : `/${encodeURIComponent(subresource)}`;
  return `${collectionPath(resource, name.namespace)}/${encodeURIComponent(name.name)}${below}`;
}

/**
 * Why `name` leads to no object of `resource`; null: it does. An empty name would ask for the whole collection, and dots
 * for what is above it.
 */
export function misnamed(resource: KubeResource, name: KubeName): string | null {
  if (!isSegment(name.name)) return 'this is no name of an object';
  if (resource.namespaced && !isSegment(name.namespace)) return 'an object of this kind is in a namespace';
  return null;
}

function isSegment(word: string): boolean {
  return word !== '' && word !== '.' && word !== '..';
}

export function nameOf({ metadata }: KubeObject): KubeName {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

/** `?a=1&b=2` in the order given; without the empty ones. */
export function queryOf(parameters: Readonly<Record<string, string>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
