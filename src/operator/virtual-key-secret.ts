import { hash } from 'node:crypto';
import type { Random } from '../ports/random.ts';

const PREFIX = 'sk-bd-';
const SECRET_BYTES = 32;
const CHECK_CHARACTERS = 6;

/**
 * A new virtual key: `sk-bd-`, 256 random bits in base64url, and a short digest of both, by which a scanner tells a
 * leaked key from a random string. Only its SHA-256 is ever stored in the ledger.
 */
export function generateVirtualKey(random: Random): string {
  const body = PREFIX + Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url');
  return body + hash('sha256', body, 'base64url').slice(0, CHECK_CHARACTERS);
}

/** The key as the ledger knows it: lower-case hex SHA-256. */
export function virtualKeyHash(key: string): string {
  return hash('sha256', key, 'hex');
}
