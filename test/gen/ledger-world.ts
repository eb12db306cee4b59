import { spentByWindow } from '../../src/core/ledger-fields.ts';
import type { Nanos } from '../../src/core/money.ts';
import type { Subject } from '../../src/core/subject.ts';
import type { LedgerStore } from '../../src/ports/ledger-store.ts';
import type { ReserveOutcome, SubjectLedger } from '../../src/ports/ledger.ts';
import { NEW, PLATFORM, REVISION, SECOND } from './calls.ts';

/** A ledger with the time of a test. */
export interface LedgerHome {
  readonly store: LedgerStore;
  /** Sets the clock that ledger time comes from, in either direction. */
  setClock(ms: number): Promise<void>;
  /** A second process on the same data. */
  another(): Promise<LedgerStore>;
  /** The names of a subject's stored fields. */
  fields(subject: Subject): Promise<string[]>;
  close(): Promise<void>;
}

/** The ledger of a running installation, and what tests ask of it again and again. */
export interface LedgerWorld extends LedgerHome {
  readonly term: number;
  nowMs(): number;
  /** Moves time on as it passes in life: an operator renews the lease all the while, so that no leap is seen. */
  pass(ms: number): Promise<void>;
  /** Moves time on in one leap that nobody accompanies. */
  leap(ms: number): Promise<void>;
  compile(subject: Subject, revision?: string): Promise<void>;
  look(subject: Subject): Promise<SubjectLedger>;
  /** What is spent in the budget's windows, newest last. */
  spent(subject: Subject, budget: string): Promise<Nanos[]>;
}

const LONGEST_STEP = 25 * SECOND;

/** Claims, attends and compiles: everything that a proxy expects of the operator. */
export async function startWorld(home: LedgerHome, startMs: number): Promise<LedgerWorld> {
  const { writer, ledger } = home.store;
  let nowMs = startMs;
  await home.setClock(nowMs);
  const claimed = await writer.claim(NEW);
  if (claimed.kind !== 'claimed') throw new Error(`claim answered ${claimed.kind}`);
  const { term } = claimed;
  await done(writer.renewLease(term));
  await done(writer.editPlatform(term, PLATFORM));

  const leap = async (ms: number): Promise<void> => {
    nowMs += ms;
    await home.setClock(nowMs);
  };
  const look = async (subject: Subject): Promise<SubjectLedger> => {
    const outcome = await ledger.read([subject]);
    const [found] = outcome.kind === 'read' ? outcome.subjects : [];
    if (found === undefined) throw new Error(`read answered ${JSON.stringify(outcome)}`);
    return found;
  };
  return {
    ...home,
    term,
    nowMs: () => nowMs,
    leap,
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= LONGEST_STEP) {
        await leap(Math.min(left, LONGEST_STEP));
        await done(writer.renewLease(term));
      }
    },
    compile: (subject, revision = REVISION) => done(writer.edit(term, { subject, revision, definitions: {} })),
    look,
    spent: async (subject, budget) => spentByWindow(await look(subject), budget),
  };
}

export async function done(work: Promise<{ readonly kind: string }>): Promise<void> {
  const outcome = await work;
  if (outcome.kind !== 'done') throw new Error(`expected done, got ${JSON.stringify(outcome, show)}`);
}

/** The outcome of a reserve that must be admitted. */
export async function admitted(
  work: Promise<ReserveOutcome>,
): Promise<Extract<ReserveOutcome, { readonly kind: 'admitted' }>> {
  const outcome = await work;
  if (outcome.kind !== 'admitted') throw new Error(`expected admitted, got ${JSON.stringify(outcome, show)}`);
  return outcome;
}

function show(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
