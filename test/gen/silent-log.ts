import type { Log } from '../../src/ports/log.ts';

/** A log that nobody reads. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // A test that cares about a line gives a log of its own.
}
