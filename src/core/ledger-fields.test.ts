import { expect, test } from 'vitest';
import {
  baseField,
  baseStart,
  decodeWindowEntry,
  encodeWindowEntry,
  readSubjectFields,
  spentByWindow,
} from './ledger-fields.ts';

test('a base belongs to one counter, also when one budget\u2019s name begins like another\u2019s', () => {
  expect(baseField('u', 'daily', 100)).toBe('b.u.daily.100');
  expect(baseField('f.daily', 'daily', 100)).toBe('b.f.daily.100');
  expect(baseStart('b.u.daily.100', 'u')).toBe(100);
  expect(baseStart('b.f.daily.100', 'f.daily')).toBe(100);
  expect(baseStart('b.f.daily.100', 'u')).toBeUndefined();
  expect(baseStart('b.u.daily.100', 'f.daily')).toBeUndefined();
  expect(baseStart('b.f.daily.x.100', 'f.daily')).toBeUndefined();
  expect(baseStart('T.u', 'u')).toBeUndefined();
});

test('a window entry is read back as it was written, lifetime too', () => {
  for (const endSeconds of [200, null]) {
    const entry = { window: { startSeconds: 100, endSeconds }, definition: 'ab12', countedFromMs: 150_123 };
    expect(decodeWindowEntry(encodeWindowEntry(entry))).toEqual(entry);
  }
  expect(decodeWindowEntry('100:200:ab12')).toBeUndefined();
});

test('what was spent in a window ends where the next one begins', () => {
  const fields = new Map([
    ['v', '7'],
    ['T.u', '500'],
    ['T.f.big', '90'],
    ['h.u', '12'],
    ['cr.u', '3'],
    ['e.daily', '200:300:ab:150000'],
    ['b.u.daily.200', '400'],
    ['b.u.daily.100', '120'],
    ['e.big', '200:300:cd:150000'],
    ['b.f.big.200', '50'],
  ]);
  const subject = readSubjectFields(fields);
  if (subject === undefined) throw new Error('it can be read');
  expect(subject).toMatchObject({ revision: '7', held: { u: 12n }, credits: { u: 3n } });
  expect(spentByWindow(subject, 'daily')).toEqual([280n, 100n]);
  expect(spentByWindow(subject, 'big')).toEqual([40n]);
  expect(spentByWindow(subject, 'never')).toEqual([]);
});

test('what a reset took from a window was spent in no other', () => {
  const subject = readSubjectFields(
    new Map([
      ['T.u', '500'],
      ['e.daily', '200:300:ab:150000'],
      ['b.u.daily.100', '150'],
      ['z.u.daily.100', '30'],
      ['b.u.daily.200', '470'],
      ['z.u.daily.200', '70'],
      ['zn.u.daily.200', '2'],
    ]),
  );
  if (subject === undefined) throw new Error('it can be read');
  expect(subject.budgets['daily']?.bases).toEqual([
    { startSeconds: 100, base: 150n, reset: 30n },
    { startSeconds: 200, base: 470n, reset: 70n },
  ]);
  expect(spentByWindow(subject, 'daily')).toEqual([250n, 30n]);
});

test('fields that this format never writes are noticed, not read as zero', () => {
  for (const [field, text] of [
    ['T.u', '1.5'],
    ['h.u', '-3'],
    ['T.u', '9'.repeat(19)],
    ['e.daily', 'nonsense'],
    ['a.uid-1', 'nonsense'],
  ] as const) {
    expect(readSubjectFields(new Map([[field, text]])), `${field} ${text}`).toBeUndefined();
  }
  const lost = new Map([
    ['e.daily', '200:300:ab:150000'],
    ['b.u.daily.200', 'x'],
  ]);
  expect(readSubjectFields(lost)).toBeUndefined();
  lost.set('b.u.daily.200', '5').set('z.u.daily.200', '-1');
  expect(readSubjectFields(lost)).toBeUndefined();
});
