import { expect, test } from 'vitest';
import { virtualKeySpec } from './virtual-key.ts';

test.each([
  ['1970-01-01T00:00:00Z', false],
  // The API server compares nanoseconds.
  ['1970-01-01T00:00:00.000000001Z', true],
  ['1970-01-01T00:30:00+01:00', false],
  ['2024-02-29T00:00:00Z', true],
  ['2023-02-29T00:00:00Z', false],
])('a key may end at a time that exists, after 1970: %s is %s', (expiresAt, valid) => {
  expect(virtualKeySpec.safeParse({ expiresAt }).success).toBe(valid);
});
