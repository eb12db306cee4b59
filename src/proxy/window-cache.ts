import type { CompiledBudget } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import { type Window, windowAt, windowContains } from '../core/window.ts';
import type { MovedWindow } from '../ports/ledger.ts';

/** Windows as this process computes them, once per window; the ledger's own window overrides until it ends. */
export interface WindowCache {
  /** The window of a subject's budget at ledger time `atMs`. */
  windowOf(subject: Subject, budget: CompiledBudget, atMs: number): Window;
  /** The ledger fixed this window at its first use: take it, whatever this build's zone data says. */
  adopt(moved: MovedWindow): void;
}

const MOST = 10_000;

export function createWindowCache(): WindowCache {
  const computed = new Map<string, Window>();
  const adopted = new Map<string, Window>();
  return {
    windowOf(subject, budget, atMs) {
      const fixed = adopted.size === 0 ? undefined : adopted.get(`${subjectPath(subject)} ${budget.name}`);
      if (fixed !== undefined && windowContains(fixed, atMs)) return fixed;
      const known = computed.get(budget.definition);
      if (known !== undefined && windowContains(known, atMs)) return known;
      const window = windowAt(budget.rule, atMs);
      if (computed.size >= MOST) computed.clear();
      computed.set(budget.definition, window);
      return window;
    },
    adopt(moved) {
      if (adopted.size >= MOST) adopted.clear();
      adopted.set(`${subjectPath(moved.subject)} ${moved.budget}`, moved.window);
    },
  };
}
