import { assert } from '../../core/assert.ts';
import { subjectKey } from '../../core/hold.ts';
import type { Subject } from '../../core/subject.ts';

/** The keys of one installation. Everything that a script touches shares one hash tag, so one slot. */
export interface LedgerKeys {
  readonly meta: string;
  /** Sorted set: proxy -> ledger ms at which a sweep must look at it. */
  readonly live: string;
  /** Stream of usage entries. */
  readonly usage: string;
  subject(subject: Subject): string;
  proxy(proxy: string): string;
  /** A compiled record; outside the tag, no script reads it. */
  record(name: string): string;
  /** Set of the stored records' names. */
  readonly recordNames: string;
}

export function ledgerKeys(installation: string): LedgerKeys {
  assert(/^[A-Za-z0-9._-]+$/.test(installation), `an installation is letters, digits, ".", "_", "-": ${installation}`);
  const tagged = `budgetd:{${installation}}`;
  return {
    meta: `${tagged}:m`,
    live: `${tagged}:live`,
    usage: `${tagged}:usage`,
    subject: (subject) => `${tagged}:s:${subjectKey(subject)}`,
    proxy: (proxy) => `${tagged}:p:${proxy}`,
    record: (name) => `budgetd:${installation}:${name}`,
    recordNames: `budgetd:${installation}::names`,
  };
}
