import type { PlatformRecord } from '../core/record.ts';
import type { Subject } from '../core/subject.ts';
import { type Clock, every, sleep } from '../ports/clock.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
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

/** The installation's one writer: claims a term, publishes, keeps the lease, sweeps. */
export interface Attendant {
  /**
   * Makes what is desired binding, however long the ledger is away. `desire` is called once the present holders of keys
   * are known.
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
const LEASE_RENEWAL_MS = 3_600_000;

export function createAttendant(deps: AttendantDeps, options: AttendantOptions): Attendant {
  const { store, clock, log } = deps;
  const complain = createComplaint(log);
  let office: Office | undefined;
  let ended = false;

  const end = (): void => {
    ended = true;
    office?.leave();
  };
  const fenced = (): void => {
    if (ended) return;
    log.error('ledger: another writer of this installation took over; this one stops');
    end();
    options.onFenced();
  };

  /** Null: try again. */
  const attempt = async (desire: Desire): Promise<Applied | null> => {
    if (office === undefined) {
      await store.ready();
      const outcome = await store.writer.claim(options.knownBefore);
      if (outcome.kind !== 'claimed') return complain(claimProblem(outcome));
      options.onKnown();
      office = await takeOffice(deps, options, { term: outcome.term, fenced });
    }
    const { compiled, platform } = desire(await office.publisher.holders());
    const outcome = await office.publisher.publish(compiled, platform);
    switch (outcome.kind) {
      case 'published':
        complain('');
        return { kind: 'applied', changed: outcome.changed, redefined: outcome.redefined };
      case 'fenced':
        fenced();
        return { kind: 'ended' };
      case 'failed':
        return complain(outcome.why);
    }
  };

  return {
    async apply(desire) {
      for (;;) {
        if (ended) return { kind: 'ended' };
        const applied = await attempt(desire).catch((error: unknown) => complain(errorText(error)));
        if (applied !== null) return applied;
        await sleep(clock, RETRY_MS);
      }
    },
    stop: end,
  };
}

/** A claimed term with what it obliges to: the lease and the sweeping. */
interface Office {
  readonly publisher: Publisher;
  leave(): void;
}

async function takeOffice(
  { store, clock, log }: AttendantDeps,
  options: AttendantOptions,
  claimed: { readonly term: number; readonly fenced: () => void },
): Promise<Office> {
  const renew = async (): Promise<void> => {
    const outcome = await store.writer.renewLease(claimed.term);
    if (outcome.kind === 'fenced') claimed.fenced();
    else if (outcome.kind !== 'done') log.warn('ledger: the lease was not renewed', { outcome: outcome.kind });
  };
  await renew();
  const onError = (error: unknown): void => log.error('ledger: the lease was not renewed', { error: errorText(error) });
  const stopRenewing = every(clock, LEASE_RENEWAL_MS, renew, onError);
  const stopSweeping = startSweeper({ ledger: store.ledger, clock, log }, options.onSwept);
  return {
    publisher: createPublisher(store, claimed),
    leave() {
      stopRenewing();
      stopSweeping();
    },
  };
}

/** Says the same thing once, however often it is tried; the empty text says that it is over. */
function createComplaint(log: Log): (why: string) => null {
  let last = '';
  return (why) => {
    if (why !== last && why !== '') log.error('ledger: not written; trying again', { why });
    if (why !== last && why === '') log.info('ledger: written again');
    last = why;
    return null;
  };
}

function claimProblem(
  outcome: { kind: 'cold' } | { kind: 'away'; cause: string } | { kind: 'misconfigured'; what: string },
): string {
  if (outcome.kind === 'away') return outcome.cause;
  if (outcome.kind === 'misconfigured') return outcome.what;
  return 'its data is gone although this installation had some: no call is admitted. Restore the data, or accept the loss with: budgetd status --accept-loss';
}
