import { type Clock, every } from '../ports/clock.ts';
import { type KubeApi, KubeError, type KubeName } from '../ports/kube.ts';
import { errorText, type Log } from '../ports/log.ts';
import { fraction, type Random } from '../ports/random.ts';
import { createLease, type Lease } from './lease.ts';
import { createTenure } from './tenure.ts';

export interface ElectorOptions extends KubeName {
  /** Of this process alone. */
  readonly identity: string;
  readonly elected: (term: number) => void;
  /** Called once, at the latest when the Lease could not be renewed in time: the process must stop leading at once. */
  readonly lost: (why: string) => void;
}

/** Leader election by a Lease. It fences nothing by itself; the term does, where the writes arrive. */
export interface Elector {
  leads(): boolean;
  /** Raises the term above `above`, while still the holder; null: not the holder any more. @throws KubeError */
  raiseTerm(above: number): Promise<number | null>;
  /** What the Lease says besides, as last seen; it outlives its holders. */
  note(name: string): string | undefined;
  /** @throws KubeError */
  setNote(name: string, text: string): Promise<void>;
  /** Gives the Lease back, so that the next one need not wait. */
  stop(): Promise<void>;
}

interface Deps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const RETRY_MS = 2_000;
const JITTER = 0.2;

export function startElector({ api, clock, random, log }: Deps, options: ElectorOptions): Elector {
  const lease = createLease(api, clock, { namespace: options.namespace, name: options.name }, options.identity);
  const tenure = createTenure(clock, options.lost);
  let said = '';

  const hold = async (changes: Parameters<Lease['hold']>[0]): Promise<void> => {
    const sentMs = clock.monotonicMs();
    await lease.hold(changes);
    tenure.renewed(sentMs);
  };

  const acquire = async (): Promise<void> => {
    await lease.read();
    if (!lease.isFree()) return;
    const term = lease.term() + 1;
    await hold({ term });
    options.elected(term);
  };

  const renew = async (): Promise<void> => {
    try {
      await hold({});
    } catch (error) {
      if (!(error instanceof KubeError) || error.reason !== 'Conflict') throw error;
      await lease.read();
      if (lease.holder() !== options.identity) tenure.end('another operator took the lease');
    }
  };

  const step = async (): Promise<void> => {
    const isHeld = tenure.isHeld();
    if (tenure.isOver()) return;
    await (isHeld ? renew() : acquire());
    said = '';
  };
  const complain = (error: unknown): void => {
    const why = errorText(error);
    if (why !== said) log.warn('leader election: trying again', { lease: `${options.namespace}/${options.name}`, why });
    said = why;
  };
  void step().catch(complain);
  const duties = [
    every(clock, RETRY_MS * (1 + JITTER * fraction(random)), step, complain),
    // A renewal that hangs must not keep this process leading.
    every(clock, RETRY_MS / 4, async () => tenure.isHeld(), complain),
  ];

  return {
    leads: tenure.isHeld,
    async raiseTerm(above) {
      if (!tenure.isHeld()) return null;
      const term = Math.max(above, lease.term()) + 1;
      await hold({ term });
      return term;
    },
    note: lease.note,
    async setNote(name, text) {
      if (lease.note(name) !== text) await hold({ notes: { [name]: text } });
    },
    async stop() {
      for (const stop of duties) stop();
      if (tenure.resign()) await lease.release().catch(complain);
    },
  };
}
