import type { RecordStore } from '../../src/ports/record-store.ts';

/** A record store in memory that counts its reads. */
export function createMemoryStore(): RecordStore & { readonly reads: string[] } {
  const texts = new Map<string, string>();
  const reads: string[] = [];
  return {
    reads,
    get(name) {
      reads.push(name);
      return Promise.resolve(texts.get(name) ?? null);
    },
    getAll: (names) => Promise.resolve(names.map((name) => texts.get(name) ?? null)),
    put: (name, text) => Promise.resolve(void texts.set(name, text)),
    remove: (name) => Promise.resolve(void texts.delete(name)),
    names: () => Promise.resolve([...texts.keys()]),
  };
}
