import { PortError } from './record-store.ts';

/** A resource of the Kubernetes API, as its URLs name it. */
export interface KubeResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface KubeMetadata {
  readonly name: string;
  /** Absent for objects of the cluster. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** An object as the API server sends it: raw JSON, unchecked beyond its metadata. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeMetadata;
  readonly [member: string]: unknown;
}

/** Which object; `namespace` is empty for objects of the cluster. */
export interface KubeName {
  readonly namespace: string;
  readonly name: string;
}

export interface ListPage {
  readonly items: readonly KubeObject[];
  /** Of the list: where a watch continues. */
  readonly resourceVersion: string;
  /** Empty: the last page. */
  readonly next: string;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  /** Nothing changed up to this version. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface ApplyOptions {
  /** Field manager. Conflicts are taken over. */
  readonly manager: string;
  readonly subresource?: 'status';
}

/**
 * The Kubernetes API: raw JSON in and out, so that no client drops what it does not know. Every call but `watch` ends by
 * its deadline; an answer that asks for a pause (429, 503 with Retry-After) is tried again within it.
 *
 * Every method throws {@link KubeError}.
 */
export interface KubeApi {
  /** Null: there is none. */
  get(resource: KubeResource, name: KubeName): Promise<KubeObject | null>;
  /** One page; `namespace` empty: of all namespaces; `next`: where the page before ended, empty for the first. */
  list(
    resource: KubeResource,
    page: { readonly namespace: string; readonly limit: number; readonly next: string },
  ): Promise<ListPage>;
  /**
   * Events after `resourceVersion`, until the server ends the watch (at the latest after `timeoutSeconds`) or `signal`
   * aborts it. Bookmarks are asked for. A watch of which nothing was heard for `idleMs` ends with an error.
   */
  watch(
    resource: KubeResource,
    from: {
      readonly namespace: string;
      readonly resourceVersion: string;
      readonly timeoutSeconds: number;
      readonly idleMs: number;
    },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent>;
  create(resource: KubeResource, object: KubeObject): Promise<KubeObject>;
  /** Replaces an object of the same resourceVersion; a changed one is a `Conflict`. */
  replace(resource: KubeResource, object: KubeObject): Promise<KubeObject>;
  /** Server-side apply. With `subresource: 'status'` of a missing object: `NotFound`. */
  apply(resource: KubeResource, object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  /** JSON merge patch; with `metadata.resourceVersion` or `uid` in it, another object is a `Conflict`. */
  patch(
    resource: KubeResource,
    name: KubeName,
    patch: Readonly<Record<string, unknown>>,
    options?: ApplyOptions,
  ): Promise<KubeObject>;
}

/**
 * What a call can fail of. `Unavailable`: no answer, 429 or 5xx, transient. `Expired`: the resourceVersion is too old
 * (410), list again.
 */
export type KubeErrorReason =
  | 'Unavailable'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'Expired'
  | 'Rejected';

/** The API server refused or did not answer. The message never holds a body: it may be a Secret's. */
export class KubeError extends PortError {
  readonly reason: KubeErrorReason;

  constructor(reason: KubeErrorReason, message: string, cause?: unknown) {
    super('kubernetes', reason === 'Unavailable' || reason === 'Unauthorized', message, cause);
    this.reason = reason;
  }
}
