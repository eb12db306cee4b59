import type { VirtualKeySpec } from '../api/virtual-key.ts';
import type { KeyHash } from '../core/record.ts';
import type { FieldPath, Finding } from '../core/problem.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { KeyVault } from '../ports/key-vault.ts';
import type { Random } from '../ports/random.ts';
import type { Declared } from './compile.ts';
import { generateVirtualKey, virtualKeyHash } from './virtual-key-secret.ts';

/** A Secret that may hold a virtual key. */
export interface KeySecret {
  readonly labels: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, Uint8Array>>;
}

export const CREDENTIAL_LABEL = 'budgetd.dev/credential';
export const CREDENTIAL_VALUE = 'virtual-key';
const LEAST_CHARACTERS = 32;

export interface ObtainedKeys {
  /** By subject path. */
  readonly hashes: ReadonlyMap<string, readonly KeyHash[]>;
  /** Keys that were made now, and where they are. */
  readonly created: readonly { readonly subject: Subject; readonly path: string }[];
  readonly findings: readonly (Finding & { readonly subject: Subject })[];
}

/**
 * The key of each VirtualKey: made once and kept, read from a Secret, or known only by its hash. A key that cannot be had
 * is a finding; its VirtualKey then has no key, and no call passes.
 */
export function obtainKeys(
  deps: { vault: KeyVault; random: Random; secret: (namespace: string, name: string) => KeySecret | undefined },
  virtualKeys: readonly Declared<VirtualKeySpec>[],
): ObtainedKeys {
  const hashes = new Map<string, readonly KeyHash[]>();
  const created: { subject: Subject; path: string }[] = [];
  const findings: (Finding & { subject: Subject })[] = [];
  for (const declared of virtualKeys) {
    const subject: Subject = { kind: 'vkey', namespace: declared.namespace, name: declared.name };
    const { key } = declared.spec;
    const valid = (sha256: string): void => void hashes.set(subjectPath(subject), [{ sha256, validUntilMs: null }]);
    if (key?.type === 'Hash' && key.hash !== undefined) valid(key.hash.sha256);
    else if (key?.type === 'SecretRef' && key.secretRef !== undefined) {
      const { name, key: entry } = key.secretRef;
      const read = readKeySecret(deps.secret(declared.namespace, name), name, entry);
      if (read.kind === 'key') valid(virtualKeyHash(read.key));
      else findings.push({ subject, severity: 'error', path: read.path, message: read.message });
    } else {
      const kept = deps.vault.read(subject);
      const made = kept ?? generateVirtualKey(deps.random);
      if (kept === null) created.push({ subject, path: deps.vault.keep(subject, made) });
      if (isVirtualKey(made)) valid(virtualKeyHash(made));
      else findings.push({ subject, severity: 'error', path: ['spec', 'key'], message: DAMAGED });
    }
  }
  return { hashes, created, findings };
}

export type KeySecretReading =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'unusable'; readonly path: FieldPath; readonly message: string };

const REF: FieldPath = ['spec', 'key', 'secretRef'];

/** The label is the Secret's own consent: without it a VirtualKey could turn any Secret of the namespace into a key. */
export function readKeySecret(secret: KeySecret | undefined, name: string, entry: string): KeySecretReading {
  if (secret === undefined) return unusable('name', `there is no Secret "${name}" in this namespace`);
  if (secret.labels[CREDENTIAL_LABEL] !== CREDENTIAL_VALUE) {
    return unusable('name', `Secret "${name}" must carry the label ${CREDENTIAL_LABEL}: ${CREDENTIAL_VALUE}`);
  }
  const bytes = secret.data[entry];
  if (bytes === undefined) return unusable('key', `Secret "${name}" has no entry "${entry}"`);
  const key = Buffer.from(bytes).toString('utf8').trim();
  if (!isVirtualKey(key)) {
    return unusable('key', `a virtual key has at least ${LEAST_CHARACTERS} printable ASCII characters without spaces`);
  }
  return { kind: 'key', key };
}

function unusable(member: string, message: string): KeySecretReading {
  return { kind: 'unusable', path: [...REF, member], message };
}

const DAMAGED = 'the file of its generated key is damaged: restore it, or remove it to have another key made';

/** Whether a text can be a virtual key: long enough not to be guessed, and fit for a header. */
export function isVirtualKey(text: string): boolean {
  return text.length >= LEAST_CHARACTERS && /^[\x21-\x7e]+$/.test(text);
}
