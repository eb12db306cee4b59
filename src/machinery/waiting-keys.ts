/** How soon a key should have its turn: people's edits pass refreshes. */
export type Urgency = 'now' | 'later';

/** Keys that wait for their turn, each once, in order of arrival within its urgency. */
export interface WaitingKeys {
  /** False: it waits already. */
  add(key: string, urgency: Urgency, nowMs: number): boolean;
  /** The next key and since when it waited. */
  next(): { readonly key: string; readonly sinceMs: number } | undefined;
  size(): number;
}

export function createWaitingKeys(): WaitingKeys {
  const lines = { now: new Map<string, number>(), later: new Map<string, number>() };
  return {
    add(key, urgency, nowMs) {
      if (lines.now.has(key) || (urgency === 'later' && lines.later.has(key))) return false;
      const sinceMs = lines.later.get(key) ?? nowMs;
      lines.later.delete(key);
      lines[urgency].set(key, sinceMs);
      return true;
    },
    next() {
      for (const line of [lines.now, lines.later]) {
        for (const [key, sinceMs] of line) {
          line.delete(key);
          return { key, sinceMs };
        }
      }
      return undefined;
    },
    size: () => lines.now.size + lines.later.size,
  };
}
