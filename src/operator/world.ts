import { type Kind, KINDS } from '../api/kinds.ts';
import type { PlatformRecord } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import { type CacheChange, createObjectCache, type ObjectCache } from '../machinery/object-cache.ts';
import type { KubeObject, KubeResource } from '../ports/kube.ts';
import type { Log } from '../ports/log.ts';
import type { KeyWorld } from './compile-key.ts';
import { type CustomObject, customObject, objectKey, type ObjectKey } from './custom-object.ts';
import { dependents, namedBy, referableOf } from './naming.ts';
import { objectOf } from './subject-object.ts';

export const NAMESPACES: KubeResource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

/** A Namespace: only its labels matter. */
export interface NamespaceObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Every object of our kinds and the namespaces, as the caches have them now. */
export interface World extends KeyWorld {
  readonly objects: ReadonlyMap<Kind, ObjectCache<CustomObject>>;
  readonly namespaces: ObjectCache<NamespaceObject>;
  /** Undefined: there is none, or somebody deleted it. */
  object(kind: Kind, key: string): CustomObject | undefined;
  /** The living objects that name something: VirtualKeys a Team or User, adjustments a subject, Customers a match. */
  naming(kind: Kind, index: string): readonly CustomObject[];
  /** The VirtualKeys of a namespace. */
  keysOf(namespace: string): readonly ObjectKey[];
  /** The VirtualKeys whose calls are charged to a Team or User. */
  chargedTo(subject: Subject, platform: PlatformRecord): readonly ObjectKey[];
  /** Labels by namespace, for the compiled platform. */
  labelsByNamespace(): ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export interface WorldListener {
  /** An object changed in a way that its reconciler cares about. */
  changed(object: ObjectKey): void;
  /** Labels of a namespace changed. */
  namespaceChanged(name: string): void;
}

export function createWorld(log: Log, listener: WorldListener): World {
  const caches = new Map<Kind, ObjectCache<CustomObject>>();
  const object: World['object'] = (kind, key) => {
    const found = caches.get(kind)?.get(key);
    return found === undefined || found.isDeleted ? undefined : found;
  };
  const naming: World['naming'] = (kind, index) =>
    (caches.get(kind)?.by(index) ?? []).filter(({ isDeleted }) => !isDeleted);

  const keys = (): CustomObject[] => [...(caches.get('VirtualKey')?.values() ?? [])];

  for (const { kind } of KINDS) {
    const cache = createObjectCache<CustomObject>(log, {
      project: (raw: KubeObject) => customObject(kind, raw),
      indexBy: namedBy,
      changed: (change) => {
        if (isEcho(change)) return;
        listener.changed({ kind, key: change.key });
        for (const dependent of dependents(change.before, change.after, naming)) listener.changed(dependent);
      },
    });
    caches.set(kind, cache);
  }
  const namespaces = createObjectCache<NamespaceObject>(log, {
    project: namespaceObject,
    changed: ({ key, before, after }) => {
      if (JSON.stringify(before?.labels) !== JSON.stringify(after?.labels)) listener.namespaceChanged(key);
    },
  });
  return {
    objects: caches,
    namespaces,
    object,
    naming,
    referable(target) {
      const named = objectOf(target);
      const found = named === null ? undefined : object(named.kind, named.key);
      return found === undefined ? undefined : referableOf(found);
    },
    keysOf: (name) =>
      keys()
        .filter(({ namespace }) => namespace === name)
        .map(objectKey),
    chargedTo(subject, platform) {
      const path = subjectPath(subject);
      const isIt = (team: Subject): boolean => subjectPath(team) === path;
      if (platform.mandatoryTeams.some(isIt)) return keys().map(objectKey);
      const mandated = keys().filter(({ namespace }) => platform.namespaceTeams[namespace]?.some(isIt) === true);
      return [...new Set([...naming('VirtualKey', path), ...mandated])].map(objectKey);
    },
    labels: (name) => namespaces.get(name)?.labels,
    labelsByNamespace: () => new Map([...namespaces.values()].map(({ name, labels }) => [name, labels])),
  };
}

/** What we wrote ourselves comes back as a change: of the status alone, which no reconciler looks at. */
function isEcho({ before, after }: CacheChange<CustomObject>): boolean {
  if (before === undefined || after === undefined || before.uid !== after.uid) return false;
  return before.generation === after.generation && before.isDeleted === after.isDeleted;
}

function namespaceObject({ metadata }: KubeObject): NamespaceObject {
  const { name, uid = '', resourceVersion = '', labels = {} } = metadata;
  return { namespace: '', name, uid, resourceVersion, labels };
}
