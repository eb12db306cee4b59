import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanJsonObject } from './json-scan.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** JSON text of a value with white space wherever the grammar allows it. */
function spaced(value: unknown, space: string): string {
  if (Array.isArray(value))
    return `[${space}${value.map((item) => spaced(item, space)).join(`${space},${space}`)}${space}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}${space}:${space}${spaced(item, space)}`,
  );
  return `{${space}${members.join(`${space},${space}`)}${space}}`;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('scanJsonObject', () => {
  it('finds exactly the members that JSON.parse finds, with their bytes and the depth', () => {
    const object = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme' }));
    fc.assert(
      fc.property(object, fc.constantFrom('', ' ', '\n\t', '\r\n '), (value, space) => {
        const bytes = encoder.encode(space + spaced(value, space) + space);
        const scan = scanJsonObject(bytes);
        const found = scan.members.map(({ key, keyStart, valueStart, valueEnd }) => {
          expect(bytes[keyStart]).toBe('"'.charCodeAt(0));
          return [key, JSON.parse(decoder.decode(bytes.subarray(valueStart, valueEnd)))];
        });
        expect(found).toEqual(Object.entries(JSON.parse(decoder.decode(bytes)) as object));
        expect(scan.depth).toBe(depthOf(value));
        expect(scan.outOfRange).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it.each(['"\\\\"', '"\\""', '"\\\\\\""', '"}"', '"a\\\\\\\\"', '"{[\\"]}"'])(
    'a string such as %s ends where it ends, whatever it contains',
    (text) => {
      const { members } = scanJsonObject(encoder.encode(`{${text}:${text},"next":[${text}]}`));
      expect(members.map(({ key }) => key)).toEqual([JSON.parse(text), 'next']);
    },
  );

  it('sees every duplicate, which JSON.parse hides', () => {
    expect(scanJsonObject(encoder.encode('{"a":1,"\\u0061":2,"a":{"a":3}}')).members.map(({ key }) => key)).toEqual([
      'a',
      'a',
      'a',
    ]);
  });

  it.each([
    ['1e999', true],
    ['-1E+400', true],
    ['9'.repeat(400), true],
    ['1e308', false],
    ['1e-999', false],
    ['"1e999"', false],
    ['true', false],
    ['9'.repeat(300), false],
  ])('the number %s is out of range: %s', (text, outOfRange) => {
    const { outOfRange: member } = scanJsonObject(encoder.encode(`{"ok":1,"x":[{"y":${text}}]}`));
    expect(member?.key).toBe(outOfRange ? 'x' : undefined);
  });

  it('walks a depth that would overflow a recursive reader', () => {
    expect(scanJsonObject(encoder.encode(`{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`)).depth).toBe(500_001);
  });
});
