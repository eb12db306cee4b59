import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySubject } from '../../test/gen/subjects.ts';
import { parseSubjectKey, subjectKey } from './hold.ts';
import { parseSubjectPath, type Subject, subjectPath } from './subject.ts';

describe('subject paths', () => {
  it.each<[string, Subject | undefined]>([
    ['vkey/shop/checkout-bot', { kind: 'vkey', namespace: 'shop', name: 'checkout-bot' }],
    ['member/platform/shop/people/alice', { kind: 'member', namespace: 'platform', name: 'shop/people/alice' }],
    ['customer/shop/u-123@x:y', { kind: 'customer', namespace: 'shop', name: 'u-123@x:y' }],
    ['vkey/shop', undefined],
    ['vkey/shop/a/b', undefined],
    ['vkey//a', undefined],
    ['vkey/shop/', undefined],
    ['member/platform/shop/alice', undefined],
    ['member/platform/shop//alice', undefined],
    ['customer/shop', undefined],
    ['key/shop/a', undefined],
    ['VKEY/shop/a', undefined],
    ['', undefined],
  ])('%j', (path, subject) => {
    expect(parseSubjectPath(path)).toEqual(subject);
  });

  it('every subject survives being written and read', () => {
    fc.assert(
      fc.property(anySubject, (subject) => {
        expect(parseSubjectPath(subjectPath(subject))).toEqual(subject);
      }),
    );
  });
});

describe('subject keys in the ledger', () => {
  it('every subject survives, and no two subjects share a key', () => {
    fc.assert(
      fc.property(anySubject, anySubject, (one, other) => {
        expect(parseSubjectKey(subjectKey(one))).toEqual(one);
        expect(subjectKey(one) === subjectKey(other)).toBe(subjectPath(one) === subjectPath(other));
      }),
    );
  });

  it('whatever a customer calls himself, his key holds no character that means something to the ledger', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (id) => {
        const subject: Subject = { kind: 'customer', namespace: 'shop', name: id.toWellFormed() };
        expect(subjectKey(subject)).toMatch(/^customer:shop\/[A-Za-z0-9_-]+$/);
        expect(parseSubjectKey(subjectKey(subject))).toEqual(subject);
      }),
    );
  });

  it.each(['vkey', 'vkey:shop', 'nobody:shop/a', ':shop/a', 'vkey:/a'])('%j is no key', (key) => {
    expect(() => parseSubjectKey(key)).toThrow('not a subject key');
  });
});
