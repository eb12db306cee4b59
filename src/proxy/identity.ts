import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Who a request claims to be, before anything is looked up. */
export type Identity =
  | { readonly kind: 'key'; readonly sha256: string }
  /** No credential, one that cannot be a virtual key, or two different ones. */
  | { readonly kind: 'none'; readonly foreign: boolean };

/** Longer credentials are not hashed. */
const MAX_KEY_CHARACTERS = 512;
const PRINTABLE = /^[\x21-\x7e]+$/;

/**
 * Reads the virtual key from `Authorization: Bearer`, `x-api-key`, `api-key` or `x-goog-api-key`. The same key in
 * several headers is one key; two different keys are none. The key itself goes no further than its SHA-256.
 */
export function readIdentity(headers: IncomingHttpHeaders): Identity {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const stated = [bearer, headers['x-api-key'], headers['api-key'], headers['x-goog-api-key']].filter(
    (value) => value !== undefined,
  );
  const [key, ...others] = new Set(stated);
  if (typeof key !== 'string' || others.length > 0) return { kind: 'none', foreign: stated.length > 0 };
  if (key.length > MAX_KEY_CHARACTERS || !PRINTABLE.test(key)) return { kind: 'none', foreign: true };
  return { kind: 'key', sha256: hash('sha256', key, 'hex') };
}
