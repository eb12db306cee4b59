import { DEADLINE_MS, MAX_CALL_MS } from '../../core/ledger-time.ts';
import type { Operation } from './operation.ts';

/** The key of one proxy's fields: `dl`, `look`, `low`, and what is stored under each of its ids. */
export function proxyKey(proxy: string): string {
  return `p:${proxy}`;
}

/** Whether the proxy's deadline has not passed. */
export function isAlive({ fields, nowMs }: Operation, proxy: string): boolean {
  return deadlineOf(fields.get(proxyKey(proxy), 'dl')) > nowMs;
}

export function deadlineOf(stored: string | undefined): number {
  return Number(stored ?? 0);
}

/** Gives a proxy a new deadline. */
export function renew(operation: Operation, proxy: string): void {
  const { fields, nowMs } = operation;
  const key = proxyKey(proxy);
  const deadlineMs = nowMs + DEADLINE_MS;
  const lookMs = Number(fields.get(key, 'look') ?? nowMs + MAX_CALL_MS);
  fields.set(key, 'dl', String(deadlineMs));
  fields.set(key, 'look', String(lookMs));
  lookAt(operation, proxy, Math.min(deadlineMs, lookMs));
}

/** When a sweep must look at the proxy next: at its deadline, or when its oldest hold may have become too old. */
export function lookAt({ db }: Operation, proxy: string, atMs: number): void {
  db.run('INSERT INTO live VALUES (?, ?) ON CONFLICT (proxy) DO UPDATE SET look = excluded.look', proxy, atMs);
}
