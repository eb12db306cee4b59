import type { PlatformRecord } from '../core/record.ts';
import type { Subject } from '../core/subject.ts';
import { type Clock, every, sleep } from '../ports/clock.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import type { ClaimOutcome } from '../ports/ledger-writer.ts';
import { errorText, type Log } from '../ports/log.ts';
import type { Compiled } from './compile.ts';
import { createPublisher, type Publisher, type Redefined } from './publish.ts';
import { startSweeper } from './sweeper.ts';

/** What the world looks like to the compiler once it knows who holds which key. */
export interface Desired {
  readonly compiled: Compiled;
  readonly platform: PlatformRecord;
}

export type Desire = (holders: ReadonlyMap<string, Subject>) => Desired;

export type Applied =
  | { readonly kind: 'applied'; readonly changed: number; readonly redefined: readonly Redefined[] }
  /** Another writer took over, or this one was stopped: nothing more is written. */
  | { readonly kind: 'ended' };

/**
 * The installation's one writer: claims a term, publishes, keeps the lease, sweeps. What was applied last is compared
 * again every half minute, so that a ledger whose loss was accepted gets its records and its lease back.
 */
export interface Attendant {
  /**
   * Makes what is desired binding, however long the ledger is away. `desire` is called once the present holders of keys
   * are known. One application runs at a time, in the order of the calls.
   */
  apply(desire: Desire): Promise<Applied>;
  stop(): void;
}

export interface AttendantOptions {
  /** Whether this installation's ledger had data before: an empty one is then a loss, not a beginning. */
  readonly knownBefore: boolean;
  /** Called once, when the ledger is first seen with this installation's data. */
  readonly onKnown: () => void;
  readonly onSwept: (holds: number) => void;
  /** Another writer took over. */
  readonly onFenced: () => void;
}

interface AttendantDeps {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly log: Log;
}

const RETRY_MS = 1_000;
const RESYNC_MS = 30_000;

export function createAttendant(deps: AttendantDeps, options: AttendantOptions): Attendant {
  const { store, clock, log } = deps;
  const complain = createComplaint(log);
  let office: Office | undefined;
  let ended = false;
  let current: Desire | undefined;
  const inTurn = createTurns();
  const duties = [startSweeper({ ledger: store.ledger, clock, log }, options.onSwept)];

  const end = (): void => {
    ended = true;
    for (const stop of duties) stop();
  };
  const fenced = (): Applied => {
    if (!ended) options.onFenced();
    end();
    return { kind: 'ended' };
  };

  /** Null: try again. */
  const attempt = async (desire: Desire): Promise<Applied | null> => {
    office ??= await takeOffice(store, options, complain);
    if (office === undefined) return null;
    const { term, publisher } = office;
    const { compiled, platform } = desire(await publisher.holders());
    const outcome = await publisher.publish(compiled, platform);
    if (outcome.kind === 'fenced' && outcome.term > term) return fenced();
    // Terms below one's own exist only after a loss that somebody accepted: claim anew.
    if (outcome.kind === 'fenced') office = undefined;
    if (outcome.kind !== 'published') return complain(outcome.kind === 'failed' ? outcome.why : 'it began anew');
    complain('');
    return { kind: 'applied', changed: outcome.changed, redefined: outcome.redefined };
  };

  const insist = async (desire: Desire): Promise<Applied> => {
    for (;;) {
      if (ended) return { kind: 'ended' };
      const applied = await attempt(desire).catch((error: unknown) => complain(errorText(error)));
      if (applied !== null) return applied;
      await sleep(clock, RETRY_MS);
    }
  };

  const compareAgain = (): Promise<unknown> => (current === undefined ? Promise.resolve() : insist(current));
  duties.push(
    every(
      clock,
      RESYNC_MS,
      () => inTurn(compareAgain),
      (error) => complain(errorText(error)),
    ),
  );

  return {
    apply(desire) {
      current = desire;
      return inTurn(() => insist(desire));
    },
    stop: end,
  };
}

interface Office {
  readonly term: number;
  readonly publisher: Publisher;
}

async function takeOffice(
  store: LedgerStore,
  options: AttendantOptions,
  complain: (why: string) => null,
): Promise<Office | undefined> {
  await store.ready();
  const outcome = await store.writer.claim({ knownBefore: options.knownBefore, term: null, cluster: null });
  if (outcome.kind === 'claimed') {
    options.onKnown();
    return { term: outcome.term, publisher: createPublisher(store, outcome) };
  }
  complain(claimProblem(outcome));
  return undefined;
}

/** Runs one piece of work at a time, in the order they came. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}

/** Says the same thing once, however often it is tried; the empty text says that it is over. */
export function createComplaint(log: Log): (why: string) => null {
  let last = '';
  return (why) => {
    if (why !== last && why !== '') log.error('ledger: not written; trying again', { why });
    if (why !== last && why === '') log.info('ledger: written again');
    last = why;
    return null;
  };
}

export function claimProblem(outcome: Exclude<ClaimOutcome, { kind: 'claimed' }>): string {
  if (outcome.kind === 'fenced') return `another writer claimed term ${outcome.term}`;
  if (outcome.kind === 'foreign') {
    return `the installation belongs to the cluster ${outcome.cluster}: give this one a name of its own, ledger.installation`;
  }
  if (outcome.kind === 'away') return outcome.cause;
  if (outcome.kind === 'misconfigured') return outcome.what;
  return 'its data is gone although this installation had some: no call is admitted. Restore the data, or accept the loss with: budgetd status --accept-loss';
}
