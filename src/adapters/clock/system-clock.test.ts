import { expect, test } from 'vitest';
import { createManualClock } from '../../../test/gen/manual-clock.ts';
import { every, sleep } from '../../ports/clock.ts';
import { createSystemClock } from './system-clock.ts';

test('the system clock reads the wall, only ascends, and runs what is due', async () => {
  const clock = createSystemClock();
  const [wall, monotonic] = [clock.wallMs(), clock.monotonicMs()];
  expect(Math.abs(wall - Date.now())).toBeLessThan(1000);
  await sleep(clock, 5);
  expect(clock.monotonicMs() - monotonic).toBeGreaterThan(3);
});

test('a cancelled timer never runs', async () => {
  const clock = createSystemClock();
  let ran = false;
  const cancel = clock.after(1, () => {
    ran = true;
  });
  cancel();
  await sleep(clock, 5);
  expect(ran).toBe(false);
});

test('the manual clock runs timers in the order and at the time they are due', () => {
  const clock = createManualClock(1000);
  const ran: [string, number][] = [];
  clock.after(30, () => ran.push(['late', clock.wallMs()]));
  clock.after(10, () => {
    ran.push(['early', clock.wallMs()]);
    clock.after(5, () => ran.push(['nested', clock.wallMs()]));
  });
  const cancel = clock.after(20, () => ran.push(['cancelled', clock.wallMs()]));
  cancel();
  clock.advance(29);
  expect(ran).toEqual([
    ['early', 1010],
    ['nested', 1015],
  ]);
  clock.advance(1);
  expect(ran.at(-1)).toEqual(['late', 1030]);
});

test('a step of the wall clock leaves timers and the monotonic reading alone', () => {
  const clock = createManualClock(1000);
  clock.stepWall(-500);
  clock.advance(10);
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([510, 10]);
});

test('a repeated work never overlaps itself and survives its errors', async () => {
  const clock = createManualClock(0);
  const errors: unknown[] = [];
  let runs = 0;
  const stop = every(
    clock,
    10,
    async () => {
      runs += 1;
      if (runs === 1) throw new Error('first');
    },
    (error) => errors.push(error),
  );
  for (let i = 0; i < 3; i += 1) {
    clock.advance(10);
    await Promise.resolve().then(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop();
  clock.advance(100);
  expect([runs, errors.length]).toEqual([3, 1]);
});
