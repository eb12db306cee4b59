import type { HoldId } from '../core/hold.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Log } from '../ports/log.ts';
import { createLedgerTime, type LedgerTime } from './ledger-time.ts';
import { createSequence } from './sequence.ts';

/** This process as the ledger knows it: its id, its open holds and the heartbeat that keeps them. */
export interface Session {
  /** UUID of this process start; never used again. */
  readonly proxy: string;
  readonly time: LedgerTime;
  /** Begins a call; its hold is kept alive until {@link Session.closed}. */
  nextId(): HoldId;
  opened(id: HoldId): void;
  /** The call's settle was handed to the settler: the heartbeat no longer asks for its hold. */
  closed(id: HoldId): void;
  /** The number needs no marker any more: it never had an effect, or its settle is confirmed. */
  resolved(seq: number): void;
  low(): number;
  /** True once the ledger knows this process, so that a lost hold will be swept. */
  isRegistered(): boolean;
  /** Resolves once it is. */
  whenRegistered(): Promise<void>;
  start(): void;
  stop(): void;
}

const BEAT_MS = 20_000;
const FIRST_BEAT_RETRY_MS = 250;

export function createSession(deps: { ledger: Ledger; clock: Clock; log: Log }, options: { proxy: string }): Session {
  const { ledger, clock, log } = deps;
  const time = createLedgerTime(clock);
  const sequence = createSequence();
  const open = new Set<number>();
  let registered = false;
  const registration = Promise.withResolvers<void>();
  let stopped = false;
  let cancel: (() => void) | undefined;

  const beat = async (): Promise<void> => {
    const outcome = await ledger.beat(options.proxy, [...open], []);
    if (outcome.kind === 'beat') {
      time.observe(outcome.nowMs);
      if (!registered) log.info('ledger reached');
      registered = true;
      registration.resolve();
      const lost = outcome.unknown.filter((seq) => open.has(seq));
      if (lost.length > 0)
        log.warn('ledger: holds of running calls are gone; their settles will correct', { calls: lost.length });
    }
    if (!stopped) cancel = clock.after(registered ? BEAT_MS : FIRST_BEAT_RETRY_MS, () => void beat());
  };

  return {
    proxy: options.proxy,
    time,
    nextId: () => ({ proxy: options.proxy, seq: sequence.next() }),
    opened(id) {
      open.add(id.seq);
    },
    closed(id) {
      open.delete(id.seq);
    },
    resolved: (seq) => sequence.resolved(seq),
    low: () => sequence.low(),
    isRegistered: () => registered,
    whenRegistered: () => registration.promise,
    start: () => void beat(),
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
