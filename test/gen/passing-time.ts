import { setImmediate } from 'node:timers/promises';
import type { ManualClock } from './manual-clock.ts';

/** Lets everything that can go on without the clock go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await setImmediate();
}

/** Moves a clock on in steps, so that what a timer starts can set the next one. */
export async function pass(clock: ManualClock, ms: number, stepMs = 100): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    await settled();
  }
}
