/** How many calls are under way, bounded; and the end of it when the process is asked to stop. */
export interface InFlight {
  /** False: at the limit or draining; answer 503 before anything is reserved. */
  enter(): boolean;
  leave(): void;
  isDraining(): boolean;
  /** Admits nothing more. Resolves when the last call has left. */
  drain(): Promise<void>;
}

export function createInFlight(most: number, changed: (count: number) => void): InFlight {
  let count = 0;
  let draining = false;
  let emptied: (() => void) | undefined;
  return {
    enter() {
      if (draining || count >= most) return false;
      count += 1;
      changed(count);
      return true;
    },
    leave() {
      count -= 1;
      changed(count);
      if (count === 0) emptied?.();
    },
    isDraining: () => draining,
    drain() {
      draining = true;
      if (count === 0) return Promise.resolve();
      return new Promise((resolve) => {
        emptied = resolve;
      });
    },
  };
}
