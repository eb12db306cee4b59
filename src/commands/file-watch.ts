import { signatureOf } from '../adapters/disk/signature.ts';
import { type Clock, every } from '../ports/clock.ts';
import { errorText, type Log } from '../ports/log.ts';

const POLL_MS = 500;

/** Polls for changes; a change is read once it has been still for one interval, so that no half-written file is. */
export function watchFiles(
  { clock, log }: { clock: Clock; log: Log },
  { paths, before }: { paths: readonly string[]; before: string },
  changed: () => Promise<void> | void,
): () => void {
  let applied = before;
  let seen = applied;
  const poll = async (): Promise<void> => {
    const now = signatureOf(paths);
    const still = now === seen;
    seen = now;
    if (!still || now === applied) return;
    applied = now;
    await changed();
  };
  const onError = (error: unknown): void => log.error('files cannot be read', { error: errorText(error) });
  return every(clock, POLL_MS, poll, onError);
}
