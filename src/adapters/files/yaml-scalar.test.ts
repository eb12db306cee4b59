import { describe, expect, test } from 'vitest';
import { readPlainScalar } from './yaml-scalar.ts';

/** As printed by kubectl 1.32; test/integration/kubectl-yaml.test.ts compares with the kubectl that is installed. */
const READINGS: Readonly<Record<string, readonly string[]>> = {
  true: ['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'],
  false: ['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'],
  null: ['', '~', 'null', 'Null', 'NULL'],
  15: ['017', '0o17', '0xF', '0b1111', '1_5', '+15', '15.', '1.5e1', '1_5.0'],
  '-3': ['-3', '-0b11', '-0x3', '-03', '-3.0'],
  8: ['08', '8', '0_8'],
  1000: ['1e3', '1E+3', '1_000'],
  0.5: ['.5', '.5_0', '0.5', '+.5', '5e-1'],
};

const TEXTS = [
  'yES',
  'oN',
  'tRUE',
  'nULL',
  '190:20:30',
  '2026-01-01',
  '2026-01-01T00:00:00Z',
  '1e400',
  '0x1p4',
  '0o8',
  '_1',
  '.1__0',
  '._1',
  '.1_',
  '=',
  '1d',
  '1mo',
  '-',
  '.',
  '1.2.3',
  '0xg',
  'Infinity',
  'NaN',
  '1,000',
];

describe.each(Object.entries(READINGS))('read as %s', (expected, writings) => {
  test.each(writings)('%j', (writing) => {
    expect(readPlainScalar(writing)).toBe(JSON.parse(expected));
  });
});

test.each(TEXTS)('%j stays text', (writing) => {
  expect(readPlainScalar(writing)).toBe(writing);
});

test('integers beyond 64 bits become floating point, as in Go', () => {
  expect(readPlainScalar('18446744073709551615')).toBe(2 ** 64);
  expect(readPlainScalar('123456789012345678901')).toBe(Number('123456789012345678901'));
  expect(readPlainScalar('0xFFFFFFFFFFFFFFFFF')).toBe('0xFFFFFFFFFFFFFFFFF');
  expect(readPlainScalar('-9223372036854775808')).toBe(-9223372036854775808);
});
