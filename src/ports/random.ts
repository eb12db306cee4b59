/** Randomness as a parameter. */
export interface Random {
  /** A new UUID (version 4 or 7). */
  uuid(): string;
  /** `count` cryptographically random bytes. */
  bytes(count: number): Uint8Array;
}
