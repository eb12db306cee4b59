import type { KubeObject, KubeResource, ListPage } from '../../ports/kube.ts';
import { isRecord, type KubeAction, unavailable } from './kube-failure.ts';

/** An object of an answer, as it is. @throws KubeError when it is none */
export function objectOf(action: KubeAction, value: unknown): KubeObject {
  if (!isObject(value)) throw unavailable(action, 'the answer is no Kubernetes object');
  return value;
}

/** One page of a list. @throws KubeError when it is none */
export function pageOf(action: KubeAction, resource: KubeResource, value: unknown): ListPage {
  const { metadata, items } = isRecord(value) ? value : {};
  if (!isRecord(metadata) || typeof metadata['resourceVersion'] !== 'string') {
    throw unavailable(action, 'the answer is no list');
  }
  const { group, version, kind } = resource;
  const typed = { apiVersion: group === '' ? version : `${group}/${version}`, kind };
  return {
    // The server leaves out what all items of a list of its own kinds have in common.
    items: listOf(items).map((item) => objectOf(action, isRecord(item) ? { ...typed, ...item } : item)),
    resourceVersion: metadata['resourceVersion'],
    next: typeof metadata['continue'] === 'string' ? metadata['continue'] : '',
  };
}

/** An empty list may be null in Go's JSON. */
function listOf(items: unknown): readonly unknown[] {
  return Array.isArray(items) ? items : [];
}

function isObject(value: unknown): value is KubeObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false;
  const texts = [value['apiVersion'], value['kind'], value['metadata']['name']];
  return texts.every((text) => typeof text === 'string');
}
