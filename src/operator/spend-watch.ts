import { assert } from '../core/assert.ts';
import type { SubjectRecord } from '../core/record.ts';
import { type BudgetStanding, standingOf } from '../core/standing.ts';
import { subjectPath } from '../core/subject.ts';
import type { Nanos } from '../core/money.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import type { Ledger, SubjectLedger } from '../ports/ledger.ts';
import { errorText, type Log } from '../ports/log.ts';
import type { ShowFigures, SubjectFigures } from '../ports/budget-figures.ts';
import type { Registry } from './registry.ts';
import { totalSpent } from './subject-status.ts';

export interface SpendWatchOptions {
  /** At most one refresh of an object's figures in this time. */
  readonly perObjectMs: number;
  /** At most this many refreshes of figures in all. */
  readonly perSecond: number;
}

export interface SpendListener {
  /** The figures of a subject moved: its status can be refreshed. */
  moved(record: SubjectRecord): void;
  /** A budget of a subject changed its state, or a window began: its status, and that of all it blocks. */
  turned(record: SubjectRecord): void;
  /** What the ledger enforces is not what was published. */
  drifted(record: SubjectRecord): void;
  /** Everything was looked at. */
  readonly figures: ShowFigures;
}

export interface SpendWatch {
  /** A status was written for the first time: what it shows is what later figures are compared with. */
  begin(record: SubjectRecord, ledger: SubjectLedger, nowMs: number): void;
  stop(): void;
}

/** Between two looks: at least this, and so much longer than a look takes that Redis spends little on them. */
const LEAST_PAUSE_MS = 1_000;
const PAUSE_PER_LOOK = 20;
const BATCH = 100;

interface Seen {
  /** States and windows of its budgets. */
  readonly state: string;
  readonly spent: Nanos;
  readonly atMs: number;
}

/**
 * Looks at every subject's money every few seconds. What people must know is told at once; figures that merely grew are
 * told now and then, the largest change first, so that a busy installation does not write etcd all day.
 */
export function startSpendWatch(
  { ledger, clock, log }: { ledger: Ledger; clock: Clock; log: Log },
  registry: () => Registry | null,
  { options, listener }: { options: SpendWatchOptions; listener: SpendListener },
): SpendWatch {
  const shown = new Map<string, Seen>();

  const compare = (record: SubjectRecord, seen: Seen): Nanos | null => {
    const path = subjectPath(record.subject);
    const before = shown.get(path);
    if (before === undefined) return null;
    if (before.state !== seen.state) {
      shown.set(path, seen);
      listener.turned(record);
      return null;
    }
    const change = seen.spent - before.spent;
    return change !== 0n && seen.atMs - before.atMs >= options.perObjectMs ? change : null;
  };

  const look = async (sinceMs: number): Promise<void> => {
    const current = registry();
    if (current === null) return;
    const records = [...current.living()];
    const figures: SubjectFigures[] = [];
    const moved: { readonly record: SubjectRecord; readonly change: Nanos; readonly spent: Nanos }[] = [];
    for (let from = 0; from < records.length; from += BATCH) {
      const batch = records.slice(from, from + BATCH);
      const read = await ledger.read(batch.map((record) => record.subject));
      if (read.kind !== 'read') return;
      for (const [index, record] of batch.entries()) {
        const known = read.subjects[index];
        assert(known !== undefined, 'a subject is read for each that was asked for');
        // The record may have been replaced while the ledger was read.
        if (current.record(record.subject) !== record) continue;
        if (current.hasDrifted(record, known.revision)) listener.drifted(record);
        const standings = standingsOf(record, known, read.nowMs);
        figures.push(figuresOf(record, known, standings));
        const change = compare(record, seenOf(known, standings, clock.monotonicMs()));
        if (change !== null) moved.push({ record, change, spent: known.totals.u ?? 0n });
      }
    }
    listener.figures(figures);
    const allowed = Math.ceil((options.perSecond * sinceMs) / 1000);
    for (const { record, spent } of moved.toSorted((a, b) => (a.change < b.change ? 1 : -1)).slice(0, allowed)) {
      const path = subjectPath(record.subject);
      const before = shown.get(path);
      shown.set(path, { state: before?.state ?? '', spent, atMs: clock.monotonicMs() });
      listener.moved(record);
    }
  };
  const stop = repeat(clock, look, (error) => log.warn('spend watch: interrupted', { error: errorText(error) }));
  return {
    begin(record, known, nowMs) {
      const path = subjectPath(record.subject);
      if (!shown.has(path)) shown.set(path, seenOf(known, standingsOf(record, known, nowMs), clock.monotonicMs()));
    },
    stop,
  };
}

interface NamedStanding extends BudgetStanding {
  readonly name: string;
}

function standingsOf(record: SubjectRecord, known: SubjectLedger, nowMs: number): NamedStanding[] {
  return record.budgets.map((budget) => ({ name: budget.name, ...standingOf(budget, known, nowMs) }));
}

function seenOf(known: SubjectLedger, standings: readonly NamedStanding[], atMs: number): Seen {
  const states = standings.map(({ name, state, window }) => `${name} ${state} ${window.startSeconds}`);
  return { state: states.join(), spent: known.totals.u ?? 0n, atMs };
}

function figuresOf(record: SubjectRecord, known: SubjectLedger, standings: readonly NamedStanding[]): SubjectFigures {
  const budgets = standings.map(({ name, limit, spent, held, window }) => ({
    name,
    limit,
    spent,
    held,
    resetsAtSeconds: window.endSeconds,
  }));
  return { subject: record.subject, team: record.key?.team?.name ?? '', spent: totalSpent(known), budgets };
}

/** Repeats `look`, told how long ago the last one began, with pauses that grow with its duration. Returns its end. */
function repeat(clock: Clock, look: (sinceMs: number) => Promise<void>, onError: (error: unknown) => void): () => void {
  const ending = new AbortController();
  const run = async (): Promise<void> => {
    let lastMs = clock.monotonicMs();
    let pauseMs = LEAST_PAUSE_MS;
    for (;;) {
      await sleep(clock, pauseMs);
      if (ending.signal.aborted) return;
      const startMs = clock.monotonicMs();
      await look(startMs - lastMs).catch(onError);
      lastMs = startMs;
      pauseMs = Math.max(LEAST_PAUSE_MS, PAUSE_PER_LOOK * (clock.monotonicMs() - startMs));
    }
  };
  void run();
  return () => ending.abort();
}
