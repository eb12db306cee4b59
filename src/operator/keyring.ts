import type { ConditionReason } from '../api/condition.ts';
import { assert } from '../core/assert.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import type { KeyHash } from '../core/record.ts';
import type { Clock } from '../ports/clock.ts';
import { type KubeApi, KubeError, type KubeObject, type KubeResource } from '../ports/kube.ts';
import { fraction, type Random } from '../ports/random.ts';
import {
  type GeneratedKeySpec,
  hashesOf,
  isRotationDue,
  type IssuedKey,
  keyHint,
  type KeyOwner,
  nextKey,
  readIssuedKey,
  rotationDueMs,
  secretOf,
  secretPatch,
} from './issued-key.ts';
import { readKeySecret } from './key-hashes.ts';
import { timestamp } from './conditions.ts';
import { generateVirtualKey, virtualKeyHash } from './virtual-key-secret.ts';

export const SECRETS: KubeResource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

/** A valid key as `status.keys` shows it. */
export interface ShownKey {
  readonly version: number;
  readonly hint?: string;
  readonly createdAt?: string;
  readonly validUntil?: string;
}

export type KeyReading =
  | {
      readonly kind: 'key';
      readonly hashes: readonly KeyHash[];
      readonly shown: readonly ShownKey[];
      /** What was done just now. */
      readonly made: 'KeyIssued' | 'KeyRotated' | null;
      /** When to look again, epoch ms: a rotation, the end of an overlap, or because Secrets are not watched. */
      readonly againMs: number;
    }
  | {
      readonly kind: 'none';
      readonly reason: ConditionReason;
      readonly message: string;
      /** Nothing will change until somebody acts. */
      readonly stalled: boolean;
      readonly againMs: number;
    };

export interface KeyRequest {
  readonly owner: KeyOwner;
  readonly generation: number;
  readonly spec: VirtualKeySpec['key'];
  /** The hashes in force now, for the overlap of a key whose Secret is gone. */
  readonly inForce: readonly KeyHash[];
}

/** The keys of VirtualKeys: made once, rotated, read from Secrets by name, or known by hash. */
export interface Keyring {
  /** @throws KubeError */
  obtain(request: KeyRequest): Promise<KeyReading>;
  /** Of the VirtualKey `namespace/name`, which is gone. */
  forget(key: string): void;
}

/** Secrets are fetched by name and never listed or watched, so each is looked at again now and then. */
const GENERATED_AGAIN_MS = 300_000;
const REFERENCED_AGAIN_MS = 60_000;
const MISSING_AGAIN_MS = 10_000;
const LEAVING_AGAIN_MS = 1_000;
const JITTER = 0.2;

interface Deps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
}

export function createKeyring(deps: Deps, options: { readonly baseUrl: string }): Keyring {
  const known = new Map<string, { uid: string; generation: number; reading: KeyReading }>();

  const obtainNow = async (request: KeyRequest): Promise<KeyReading> => {
    const { spec, owner } = request;
    if (spec?.type === 'Hash' && spec.hash !== undefined) return knownHash(spec.hash.sha256, Infinity);
    try {
      return spec?.type === 'SecretRef' && spec.secretRef !== undefined
        ? await referenced(deps, owner.namespace, spec.secretRef)
        : await generated(deps, request, options.baseUrl);
    } catch (error) {
      if (!(error instanceof KubeError) || error.reason !== 'Forbidden') throw error;
      return forbidden(owner.namespace, later(deps, MISSING_AGAIN_MS));
    }
  };

  return {
    async obtain(request) {
      const { namespace, name, uid } = request.owner;
      const key = `${namespace}/${name}`;
      const memo = known.get(key);
      if (memo?.uid === uid && memo.generation === request.generation && deps.clock.wallMs() < memo.reading.againMs) {
        return memo.reading.kind === 'key' ? { ...memo.reading, made: null } : memo.reading;
      }
      const reading = await obtainNow(request);
      known.set(key, { uid, generation: request.generation, reading });
      return reading;
    },
    forget: (key) => void known.delete(key),
  };
}

async function generated(deps: Deps, { owner, spec, inForce }: KeyRequest, baseUrl: string): Promise<KeyReading> {
  const { api, clock } = deps;
  const wish = spec?.generated ?? {};
  const name = wish.secretName ?? `${owner.name}-key`;
  const at = { nowMs: clock.wallMs(), latestMs: later(deps, GENERATED_AGAIN_MS) };
  const keep = (issued: IssuedKey): KubeObject =>
    secretOf(issued, owner, { name, baseUrl, deletionPolicy: wish.deletionPolicy });
  const secret = await api.get(SECRETS, { namespace: owner.namespace, name });
  if (secret === null) {
    const first = firstKey(deps, { wish, inForce, nowMs: at.nowMs });
    await api.create(SECRETS, keep(first));
    return issuedReading(first, wish, { ...at, made: 'KeyIssued' });
  }
  const reading = readIssuedKey(secret, owner);
  if (reading.kind === 'foreign') return conflict(name, later(deps, MISSING_AGAIN_MS));
  if (reading.kind === 'leaving') return leaving(name, at.nowMs + LEAVING_AGAIN_MS);
  const present = reading.kind === 'issued' ? reading.issued : null;
  const made = successor(deps, present, { wish, inForce, nowMs: at.nowMs });
  const kept = made ?? present;
  assert(kept !== null, 'a key that is not there is made');
  const patch = secretPatch(secret, keep(kept));
  if (patch !== null) await api.patch(SECRETS, { namespace: owner.namespace, name }, patch);
  return issuedReading(kept, wish, { ...at, made: made === null ? null : 'KeyRotated' });
}

interface Making {
  readonly wish: GeneratedKeySpec;
  readonly inForce: readonly KeyHash[];
  readonly nowMs: number;
}

/** A key where the Secret has none; those that are in force without it get their overlap. */
function firstKey({ random }: Deps, { wish, inForce, nowMs }: Making): IssuedKey {
  return nextKey(generateVirtualKey(random), { issue: inForce.length, hashes: inForce }, wish, nowMs);
}

/** The key to make now; null: the present one stays. */
function successor(deps: Deps, present: IssuedKey | null, making: Making): IssuedKey | null {
  if (present === null) return firstKey(deps, making);
  const { wish, nowMs } = making;
  if (!isRotationDue(present, wish, nowMs)) return null;
  const before = { issue: present.issue, hashes: hashesOf(present, wish, nowMs) };
  return nextKey(generateVirtualKey(deps.random), before, wish, nowMs);
}

async function referenced(deps: Deps, namespace: string, ref: { name: string; key: string }): Promise<KeyReading> {
  const secret = await deps.api.get(SECRETS, { namespace, name: ref.name });
  const againMs = later(deps, secret === null ? MISSING_AGAIN_MS : REFERENCED_AGAIN_MS);
  const reading = readKeySecret(secret === null ? undefined : keySecret(secret), ref.name, ref.key);
  if (reading.kind === 'key') return knownHash(virtualKeyHash(reading.key), againMs);
  const reason = secret === null ? 'SecretMissing' : 'SecretInvalid';
  return { kind: 'none', reason, message: reading.message, stalled: false, againMs };
}

/** An instant somewhat before `delayMs` from now, so that many keys do not ask at once. */
function later({ clock, random }: Deps, delayMs: number): number {
  return clock.wallMs() + delayMs * (1 - JITTER * fraction(random));
}

function issuedReading(
  issued: IssuedKey,
  spec: GeneratedKeySpec,
  at: { made: 'KeyIssued' | 'KeyRotated' | null; nowMs: number; latestMs: number },
): KeyReading {
  const hashes = hashesOf(issued, spec, at.nowMs);
  const ends = hashes.flatMap(({ validUntilMs }) => (validUntilMs === null ? [] : [validUntilMs]));
  const shown = hashes.map(({ validUntilMs }, age) => ({
    version: Math.max(1, issued.issue - age),
    ...(age === 0 ? { hint: keyHint(issued.key), createdAt: timestamp(issued.createdMs) } : {}),
    ...(validUntilMs === null ? {} : { validUntil: timestamp(validUntilMs) }),
  }));
  const againMs = Math.min(at.latestMs, rotationDueMs(issued, spec) ?? Infinity, ...ends);
  return { kind: 'key', hashes, shown, made: at.made, againMs };
}

function knownHash(sha256: string, againMs: number): KeyReading {
  return { kind: 'key', hashes: [{ sha256, validUntilMs: null }], shown: [{ version: 1 }], made: null, againMs };
}

function conflict(name: string, againMs: number): KeyReading {
  const message = `Secret "${name}" exists and is not this VirtualKey's: delete it, or name another one in spec.key.generated.secretName`;
  return { kind: 'none', reason: 'SecretConflict', message, stalled: true, againMs };
}

function leaving(name: string, againMs: number): KeyReading {
  const message = `Secret "${name}" belongs to a VirtualKey of this name that was deleted; waiting until it is collected`;
  return { kind: 'none', reason: 'SecretConflict', message, stalled: false, againMs };
}

function forbidden(namespace: string, againMs: number): KeyReading {
  const message = `budgetd may not use Secrets in namespace ${namespace}: its role needs get, create and patch there`;
  return { kind: 'none', reason: 'SecretForbidden', message, stalled: false, againMs };
}

function keySecret(secret: KubeObject): Parameters<typeof readKeySecret>[0] {
  const data = Object.entries((secret['data'] ?? {}) as Record<string, string>);
  return {
    labels: secret.metadata.labels ?? {},
    data: Object.fromEntries(data.map(([name, text]) => [name, Buffer.from(text, 'base64')])),
  };
}
