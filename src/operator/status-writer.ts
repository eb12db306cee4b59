import { isDeepStrictEqual } from 'node:util';
import { API_VERSION } from '../api/kind.ts';
import { type KubeApi, KubeError } from '../ports/kube.ts';
import { type CustomObject, objectKey, type ObjectKey, type ObservedStatus, resourceOf } from './custom-object.ts';

/** Field manager of everything below `status`. A name for ever: another one would leave its fields behind. */
const OPTIONS = { manager: 'budgetd-status', subresource: 'status' } as const;

/** Writes statuses, each as a whole and only when it differs from what was written before. */
export interface StatusWriter {
  /** What the object's status says now: what was written last, else what the server sent. */
  present(object: CustomObject): ObservedStatus;
  /**
   * Resolves to whether something was written. An object that is gone needs no status.
   *
   * @param isMalformed the stored object does not fit its schema: server-side apply cannot read it, a merge can
   * @throws KubeError
   */
  write(object: CustomObject, status: ObservedStatus, isMalformed?: boolean): Promise<boolean>;
  /** Of an object that is gone. */
  forget(object: ObjectKey): void;
}

export function createStatusWriter(api: KubeApi): StatusWriter {
  /** The cache may lag behind, so what was written last to this very object is what counts. */
  const written = new Map<string, { readonly uid: string; readonly status: ObservedStatus }>();
  const present = (object: CustomObject): ObservedStatus => {
    const last = written.get(entryOf(objectKey(object)));
    return last?.uid === object.uid ? last.status : object.status;
  };
  return {
    present,
    async write(object, status, isMalformed = false) {
      if (isDeepStrictEqual(present(object), status)) return false;
      const { kind, namespace, name, uid } = object;
      // With its uid in it, the status of a deleted object cannot land on the next one of its name.
      const patch = { apiVersion: API_VERSION, kind, metadata: { namespace, name, uid }, status };
      try {
        if (isMalformed) await api.patch(resourceOf(kind), { namespace, name }, { metadata: { uid }, status }, OPTIONS);
        else await api.apply(resourceOf(kind), patch, OPTIONS);
      } catch (error) {
        if (!(error instanceof KubeError) || (error.reason !== 'NotFound' && error.reason !== 'Conflict')) throw error;
        return false;
      }
      written.set(entryOf(objectKey(object)), { uid, status });
      return true;
    },
    forget: (object) => void written.delete(entryOf(object)),
  };
}

function entryOf({ kind, key }: ObjectKey): string {
  return `${kind} ${key}`;
}
