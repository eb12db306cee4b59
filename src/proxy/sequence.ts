/** The ascending numbers of one proxy process and what is known to be resolved and confirmed. */
export interface Sequence {
  next(): number;
  /** Marks a number as resolved: refused before it had an effect, or settled and confirmed. */
  resolved(seq: number): void;
  /** Every number up to and including this one is resolved. */
  low(): number;
}

export function createSequence(): Sequence {
  let last = 0;
  let low = 0;
  const ahead = new Set<number>();
  return {
    next() {
      last += 1;
      return last;
    },
    resolved(seq) {
      ahead.add(seq);
      while (ahead.delete(low + 1)) low += 1;
    },
    low: () => low,
  };
}
