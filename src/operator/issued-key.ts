import type { VirtualKeySpec } from '../api/virtual-key.ts';
import { durationMs } from '../api/form.ts';
import type { KeyHash } from '../core/record.ts';
import type { KubeMetadata, KubeObject, OwnerReference } from '../ports/kube.ts';
import { CREDENTIAL_LABEL, CREDENTIAL_VALUE, isVirtualKey } from './key-hashes.ts';
import { timestamp } from './conditions.ts';
import { virtualKeyHash } from './virtual-key-secret.ts';

/*
 * A generated key lives in one Secret. Everything that must survive the operator stands there as annotations, so that a
 * pass that was interrupted is repaired from the Secret alone:
 *   budgetd.dev/owner-uid      uid of the VirtualKey that the Secret was made for
 *   budgetd.dev/owner-name     its name: a retained Secret is taken over by the next VirtualKey of this name
 *   budgetd.dev/key-issue      number of the key, counted from 1
 *   budgetd.dev/key-version    spec.key.generated.version that this key answers
 *   budgetd.dev/key-created-at RFC 3339
 *   budgetd.dev/previous-keys  "<sha256>=<end, RFC 3339>" of keys in their overlap, separated by commas
 */
const OWNER_UID = 'budgetd.dev/owner-uid';
const OWNER_NAME = 'budgetd.dev/owner-name';
const ISSUE = 'budgetd.dev/key-issue';
const VERSION = 'budgetd.dev/key-version';
const CREATED_AT = 'budgetd.dev/key-created-at';
const PREVIOUS = 'budgetd.dev/previous-keys';

const KEY_ENTRY = 'api-key';
const URL_ENTRY = 'base-url';
const MOST_PREVIOUS = 7;
const DEFAULT_OVERLAP = '24h';
const VERSION_OF_ABSENT = 1;

export type GeneratedKeySpec = NonNullable<NonNullable<VirtualKeySpec['key']>['generated']>;

/** The VirtualKey that a Secret belongs to. */
export interface KeyOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A key as it stands in its Secret. */
export interface IssuedKey {
  readonly key: string;
  readonly issue: number;
  readonly version: number;
  readonly createdMs: number;
  readonly previous: readonly KeyHash[];
}

export type SecretReading =
  | { readonly kind: 'issued'; readonly issued: IssuedKey }
  /** Belongs to a VirtualKey of this name that is gone, and is about to be collected. */
  | { readonly kind: 'leaving' }
  /** Belongs to this VirtualKey, or to nobody any more, and holds no usable key. */
  | { readonly kind: 'damaged' }
  /** Somebody else's: it is not touched. */
  | { readonly kind: 'foreign' };

export function readIssuedKey(secret: KubeObject, owner: KeyOwner): SecretReading {
  const belongs = ownership(secret.metadata, owner);
  if (belongs !== 'ours') return { kind: belongs };
  const key = entryOf(secret, KEY_ENTRY);
  if (key === undefined || !isVirtualKey(key)) return { kind: 'damaged' };
  const { metadata } = secret;
  const noted = metadata.annotations ?? {};
  return {
    kind: 'issued',
    issued: {
      key,
      issue: wholeNumber(noted[ISSUE], 1),
      version: wholeNumber(noted[VERSION], VERSION_OF_ABSENT),
      createdMs: epochMs(noted[CREATED_AT]) ?? epochMs(metadata.creationTimestamp) ?? 0,
      previous: previousKeys(noted[PREVIOUS]),
    },
  };
}

function ownership(
  { labels, annotations, ownerReferences }: KubeMetadata,
  owner: KeyOwner,
): 'ours' | 'leaving' | 'foreign' {
  if (labels?.[CREDENTIAL_LABEL] !== CREDENTIAL_VALUE) return 'foreign';
  const holder = ownerReferences?.find((reference) => reference.controller === true);
  if (holder?.uid === owner.uid) return 'ours';
  if (holder === undefined) {
    const noted = annotations ?? {};
    return noted[OWNER_UID] === owner.uid || noted[OWNER_NAME] === owner.name ? 'ours' : 'foreign';
  }
  const isNamesake = holder.apiVersion === owner.apiVersion && holder.kind === owner.kind && holder.name === owner.name;
  return isNamesake ? 'leaving' : 'foreign';
}

/** When the next rotation by time is due, epoch ms; null: never. */
export function rotationDueMs(issued: IssuedKey, spec: GeneratedKeySpec): number | null {
  return spec.every === undefined ? null : issued.createdMs + durationMs(spec.every);
}

/** Whether the object asks for another key now: its version was raised, or the key's time is over. */
export function isRotationDue(issued: IssuedKey, spec: GeneratedKeySpec, nowMs: number): boolean {
  const dueMs = rotationDueMs(issued, spec);
  return (spec.version ?? VERSION_OF_ABSENT) > issued.version || (dueMs !== null && nowMs >= dueMs);
}

/** The hashes that are valid now: the key, and those before it within the overlap that the object states now. */
export function hashesOf(issued: IssuedKey, spec: GeneratedKeySpec, nowMs: number): KeyHash[] {
  const latestMs = issued.createdMs + durationMs(spec.overlap ?? DEFAULT_OVERLAP);
  const previous = issued.previous
    .map(({ sha256, validUntilMs }) => ({ sha256, validUntilMs: Math.min(validUntilMs ?? latestMs, latestMs) }))
    .filter(({ validUntilMs }) => validUntilMs > nowMs);
  return [{ sha256: virtualKeyHash(issued.key), validUntilMs: null }, ...previous];
}

/** The next key of a VirtualKey, after `hashes` that were valid until now. */
export function nextKey(
  key: string,
  before: { readonly issue: number; readonly hashes: readonly KeyHash[] },
  spec: GeneratedKeySpec,
  atMs: number,
): IssuedKey {
  // Annotations hold whole seconds, and a key must read back as it was made.
  const nowMs = Math.floor(atMs / 1000) * 1000;
  const endMs = nowMs + durationMs(spec.overlap ?? DEFAULT_OVERLAP);
  const previous = before.hashes
    .map(({ sha256, validUntilMs }) => ({ sha256, validUntilMs: Math.min(validUntilMs ?? endMs, endMs) }))
    .filter(({ validUntilMs }) => validUntilMs > nowMs)
    .slice(0, MOST_PREVIOUS);
  return { key, issue: before.issue + 1, version: spec.version ?? VERSION_OF_ABSENT, createdMs: nowMs, previous };
}

/** The Secret of a key; `Retain` leaves it without an owner that would take it along. */
export function secretOf(
  issued: IssuedKey,
  owner: KeyOwner,
  at: { readonly name: string; readonly baseUrl: string; readonly deletionPolicy: GeneratedKeySpec['deletionPolicy'] },
): KubeObject {
  const metadata: KubeMetadata = {
    name: at.name,
    namespace: owner.namespace,
    labels: { [CREDENTIAL_LABEL]: CREDENTIAL_VALUE },
    annotations: annotationsOf(issued, owner),
    ownerReferences: ownersOf(owner, at.deletionPolicy),
  };
  const data = { [KEY_ENTRY]: toBase64(issued.key), [URL_ENTRY]: toBase64(at.baseUrl) };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
}

/** What of a Secret differs from what its key and object say; null: nothing. A merge patch bound to the version read. */
export function secretPatch(secret: KubeObject, wanted: KubeObject): Record<string, unknown> | null {
  const { annotations = {}, labels = {}, ownerReferences = [], resourceVersion } = secret.metadata;
  const same =
    covers(annotations, wanted.metadata.annotations) &&
    covers(labels, wanted.metadata.labels) &&
    covers(secret['data'], wanted['data']) &&
    (wanted.metadata.ownerReferences ?? []).length === ownerReferences.length;
  if (same) return null;
  const { annotations: notes, labels: marks, ownerReferences: owners } = wanted.metadata;
  return {
    metadata: { resourceVersion, labels: marks, annotations: { [PREVIOUS]: null, ...notes }, ownerReferences: owners },
    data: wanted['data'],
  };
}

/** First and last characters, enough to tell keys apart and useless to guess one. */
export function keyHint(key: string): string {
  return `${key.slice(0, 6)}...${key.slice(-4)}`;
}

function annotationsOf(issued: IssuedKey, owner: KeyOwner): Record<string, string> {
  const previous = issued.previous.map(({ sha256, validUntilMs }) => `${sha256}=${timestamp(validUntilMs ?? 0)}`);
  return {
    [OWNER_UID]: owner.uid,
    [OWNER_NAME]: owner.name,
    [ISSUE]: String(issued.issue),
    [VERSION]: String(issued.version),
    [CREATED_AT]: timestamp(issued.createdMs),
    ...(previous.length === 0 ? {} : { [PREVIOUS]: previous.join(',') }),
  };
}

function ownersOf(owner: KeyOwner, policy: GeneratedKeySpec['deletionPolicy']): OwnerReference[] {
  if (policy === 'Retain') return [];
  const { apiVersion, kind, name, uid } = owner;
  return [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: false }];
}

function previousKeys(text: string | undefined): KeyHash[] {
  return (text ?? '').split(',').flatMap((part) => {
    const [sha256 = '', end = ''] = part.split('=');
    const validUntilMs = epochMs(end);
    return /^[0-9a-f]{64}$/.test(sha256) && validUntilMs !== undefined ? [{ sha256, validUntilMs }] : [];
  });
}

function entryOf(secret: KubeObject, entry: string): string | undefined {
  const text = (secret['data'] as Record<string, unknown> | undefined)?.[entry];
  return typeof text === 'string' ? Buffer.from(text, 'base64').toString('utf8').trim() : undefined;
}

function covers(found: unknown, wanted: unknown): boolean {
  const present = new Map(Object.entries((found ?? {}) as Record<string, unknown>));
  return Object.entries((wanted ?? {}) as Record<string, unknown>).every(
    ([name, value]) => present.get(name) === value,
  );
}

function wholeNumber(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : otherwise;
}

function epochMs(text: string | undefined): number | undefined {
  const parsed = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
