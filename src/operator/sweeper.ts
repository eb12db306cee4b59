import type { Clock } from '../ports/clock.ts';
import { every } from '../ports/clock.ts';
import type { Ledger } from '../ports/ledger.ts';
import { errorText, type Log } from '../ports/log.ts';

const INTERVAL_MS = 5_000;
const BATCH = 100;

/** Books the holds of lost proxies every few seconds; the installation's writer runs it. Returns the end of it. */
export function startSweeper(
  deps: { ledger: Ledger; clock: Clock; log: Log },
  swept: (holds: number) => void,
): () => void {
  const { ledger, clock, log } = deps;
  const sweep = async (): Promise<void> => {
    const outcome = await ledger.sweep(BATCH);
    if (outcome.kind !== 'swept' || outcome.booked.length === 0) return;
    swept(outcome.booked.length);
    for (const { id, booked } of outcome.booked) {
      log.warn('ledger: booked the hold of a lost proxy; a late settle will correct it', {
        call: `${id.proxy}/${id.seq}`,
        nanos: booked.toString(),
      });
    }
  };
  return every(clock, INTERVAL_MS, sweep, (error) => log.error('sweep failed', { error: errorText(error) }));
}
