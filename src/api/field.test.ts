import { expect, test } from 'vitest';
import { read } from './explain.ts';
import { choice, freeText, list, map, object, set, text } from './field.ts';
import { DURATION, durationMs, SHORT_NAME } from './form.ts';
import { later } from './later.ts';

function messages(reading: ReturnType<typeof read>): string[] {
  return reading.kind === 'ok' ? [] : reading.findings.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('display text is counted in characters as the API server counts them, not in UTF-16 units', () => {
  const alias = freeText('Alias.', 2);
  expect(read(alias, '🦊🦊').kind).toBe('ok');
  expect(messages(read(alias, '🦊🦊🦊'))).toEqual([': must have at most 2 characters']);
});

test('display text holds no line break, escape or other control character', () => {
  for (const bad of ['a\nb', 'a\rb', 'a\u0000', '\u001b[31m', '\u009b1m'])
    expect(read(freeText('Alias.', 9), bad).kind).toBe('invalid');
});

test('an unknown member is named with its own place and the members that are allowed', () => {
  const schema = object('Object.', { a: freeText('A.', 9), b: freeText('B.', 9).exactOptional() });
  expect(messages(read(schema, { a: '', c: 1, d: 2 }))).toEqual([
    'c: unknown field; allowed here: a, b',
    'd: unknown field; allowed here: a, b',
  ]);
  expect(messages(read(schema, JSON.parse('{"a": "", "__proto__": {}}')))).toEqual([
    '__proto__: unknown field; allowed here: a, b',
  ]);
});

test('a later member or value is refused by its feature, never as unknown', () => {
  const schema = later(object('Object.', { api: later(choice('Api.', ['openai']), { gemini: 'the Gemini API' }) }), {
    smtp: 'alerts',
  });
  expect(messages(read(schema, { api: 'gemini', smtp: {} }))).toEqual([
    'api: NotYetSupported: the Gemini API will come with a later version of budgetd; remove this',
    'smtp: NotYetSupported: alerts will come with a later version of budgetd; remove this',
  ]);
  expect(messages(read(schema, { api: 'toString' }))).toEqual(['api: "toString" is not allowed here; use openai']);
});

test('what YAML made of unquoted text is explained', () => {
  const schema = text('Name.', SHORT_NAME);
  expect(messages(read(schema, true))).toEqual([
    ': found the boolean true; expected text: quote it (YAML reads yes, no, on, off, y and n as booleans)',
  ]);
  expect(messages(read(schema, 1000))).toEqual([': found the number 1000; expected text: quote it, "1000"']);
  expect(messages(read(schema, null))).toEqual([': found nothing (null); expected text']);
  expect(messages(read(schema, undefined))).toEqual([': required, but missing']);
  expect(messages(read(schema, ['a']))).toEqual([': found a list; expected text']);
});

test('a long value is cut where it is quoted', () => {
  const [message = ''] = messages(read(text('Name.', SHORT_NAME), 'x'.repeat(5000)));
  expect(message.length).toBeLessThan(200);
});

test('a set names its repeated item, a list may repeat', () => {
  const item = text('Name.', SHORT_NAME);
  expect(messages(read(set('Set.', item, { max: 3 }), ['a', 'b', 'a']))).toEqual(['2: "a" is there twice']);
  expect(read(list('List.', item, { max: 3 }), ['a', 'a']).kind).toBe('ok');
});

test('the keys of a map have a form and a number', () => {
  const labels = map('Labels.', freeText('Value.', 9), { max: 1, keys: SHORT_NAME });
  expect(messages(read(labels, { A: '' }))).toEqual([`: every key must be ${SHORT_NAME.expected}`]);
  expect(messages(read(labels, { a: '', b: '' }))).toEqual([': must have at most 1 entries']);
});

test('durations are exact milliseconds', () => {
  expect(['0s', '90s', '15m', '24h', '90d'].map(durationMs)).toEqual([0, 90_000, 900_000, 86_400_000, 7_776_000_000]);
  expect(DURATION.pattern.test('1mo')).toBe(false);
});
