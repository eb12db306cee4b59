import { hash } from 'node:crypto';

/** Who a request claims to be, before anything is looked up. */
export type Identity =
  | { readonly kind: 'key'; readonly sha256: string }
  /** No credential, one that cannot be a virtual key, or two different ones. */
  | { readonly kind: 'none'; readonly foreign: boolean };

/** Longer credentials are not hashed. */
const MAX_KEY_CHARACTERS = 512;
const PRINTABLE = /^[\x21-\x7e]+$/;
const KEY_HEADERS: ReadonlySet<string> = new Set(['x-api-key', 'api-key', 'x-goog-api-key']);

/**
 * Reads the virtual key from `Authorization: Bearer`, `x-api-key`, `api-key` or `x-goog-api-key`. The same key in
 * several headers is one key; two different keys are none, also when one header is sent twice. The key itself goes no
 * further than its SHA-256.
 *
 * @param rawHeaders names and values in turn, as they arrived
 */
export function readIdentity(rawHeaders: readonly string[]): Identity {
  const stated = new Set<string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    const value = rawHeaders[at + 1] ?? '';
    const bearer = name === 'authorization' ? /^Bearer +(\S+) *$/i.exec(value)?.[1] : undefined;
    if (bearer !== undefined) stated.add(bearer);
    else if (KEY_HEADERS.has(name)) stated.add(value);
  }
  const [key, ...others] = stated;
  if (key === undefined || others.length > 0) return { kind: 'none', foreign: stated.size > 0 };
  if (key.length > MAX_KEY_CHARACTERS || !PRINTABLE.test(key)) return { kind: 'none', foreign: true };
  return { kind: 'key', sha256: hash('sha256', key, 'hex') };
}
