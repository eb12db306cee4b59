/** Randomness as a parameter. */
export interface Random {
  /** A new UUID (version 4 or 7). */
  uuid(): string;
  /** `count` cryptographically random bytes. */
  bytes(count: number): Uint8Array;
}

/** Uniform in [0, 1), for jitter. */
export function fraction(random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (high * 256 + low) / 65_536;
}
