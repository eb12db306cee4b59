import { expect, test } from 'vitest';
import { openWindow } from './window-opening.ts';

const KNOWN = { window: { startSeconds: 100, endSeconds: 200 }, definition: 'a', countedFromMs: 150_000 };
const NEXT = { startSeconds: 200, endSeconds: 300 };

test('the first window of a budget counts from now, a following one from where the budget began', () => {
  expect(openWindow(undefined, NEXT, 'a', 250_000)).toEqual({ kind: 'open', countedFromMs: 250_000 });
  expect(openWindow(KNOWN, NEXT, 'a', 250_000)).toEqual({ kind: 'open', countedFromMs: 150_000 });
});

test('a window contains its start and not its end', () => {
  expect(openWindow(KNOWN, NEXT, 'a', 200_000).kind).toBe('open');
  expect(openWindow(KNOWN, NEXT, 'a', 199_999)).toEqual({ kind: 'elsewhere' });
  expect(openWindow(KNOWN, NEXT, 'a', 300_000)).toEqual({ kind: 'elsewhere' });
});

test('windows of one budget never overlap, lifetime overlaps everything after its start', () => {
  const overlap = { kind: 'overlap', window: KNOWN.window };
  expect(openWindow(KNOWN, { startSeconds: 199, endSeconds: 299 }, 'a', 199_500)).toEqual(overlap);
  expect(openWindow(KNOWN, { startSeconds: 0, endSeconds: null }, 'a', 250_000)).toEqual(overlap);
  const lifetime = { ...KNOWN, window: { startSeconds: 0, endSeconds: null } };
  expect(openWindow(lifetime, NEXT, 'a', 250_000)).toEqual({ kind: 'overlap', window: lifetime.window });
});

test('another definition is refused before anything else is said about the window', () => {
  expect(openWindow(KNOWN, NEXT, 'b', 250_000)).toEqual({ kind: 'redefined' });
});
