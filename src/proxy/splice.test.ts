import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanJsonObject } from './json-scan.ts';
import { memberRange, withIncludeUsage } from './splice.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function spliced(text: string): string {
  const body = encoder.encode(text);
  return decoder.decode(withIncludeUsage(body, scanJsonObject(body).members));
}

describe('withIncludeUsage', () => {
  it.each([
    ['no options', '{"model":"m"}', '{"stream_options":{"include_usage":true},"model":"m"}'],
    ['white space first', ' { "model":"m" }', ' {"stream_options":{"include_usage":true}, "model":"m" }'],
    [
      'null options',
      '{"model":"m","stream_options" : null }',
      '{"model":"m","stream_options" : {"include_usage":true} }',
    ],
    ['empty options', '{"stream_options":{ }}', '{"stream_options":{"include_usage":true }}'],
    ['other options', '{"stream_options":{"a":[1]}}', '{"stream_options":{"include_usage":true,"a":[1]}}'],
    [
      'a false',
      '{"stream_options":{"a":1, "include_usage" :false}}',
      '{"stream_options":{"a":1, "include_usage" :true}}',
    ],
    ['a null', '{"stream_options":{"include_usage":null}}', '{"stream_options":{"include_usage":true}}'],
  ])('changes only what must change: %s', (_, before, after) => {
    expect(spliced(before)).toBe(after);
  });

  it('hands back the same bytes when the caller asks already', () => {
    const body = encoder.encode('{"stream_options":{"include_usage": true}}');
    expect(withIncludeUsage(body, scanJsonObject(body).members)).toBe(body);
  });

  it('gives the same object but for that member, and leaves every other byte', () => {
    const options = fc.option(
      fc.record({ include_usage: fc.option(fc.boolean()), other: fc.jsonValue() }, { requiredKeys: [] }),
    );
    const fields = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.jsonValue());
    const order = fc.boolean();
    fc.assert(
      fc.property(fields, fc.option(options, { nil: undefined }), order, (others, streamOptions, first) => {
        const asked = streamOptions === undefined ? {} : { stream_options: streamOptions };
        const text = JSON.stringify(first ? { ...asked, ...others } : { ...others, ...asked });
        const result = spliced(text);
        const before = JSON.parse(text) as Record<string, object>;
        expect(JSON.parse(result)).toEqual({
          ...before,
          stream_options: { ...before['stream_options'], include_usage: true },
        });
        // One stretch is changed; what it replaces of the original is at most a value of include_usage.
        const head = commonHead(text, result);
        const replaced = text.length - head - commonTail(text.slice(head), result.slice(head));
        expect(replaced).toBeLessThanOrEqual('false'.length);
      }),
      { numRuns: 500 },
    );
  });
});

function commonHead(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function commonTail(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length += 1;
  return length;
}

describe('memberRange', () => {
  it.each([
    ['{"a":1,"b":2,"c":3}', 'a', '{"b":2,"c":3}'],
    ['{"a":1,"b":2,"c":3}', 'b', '{"a":1,"c":3}'],
    ['{"a":1, "b":{"c":[1]} , "c":3 }', 'c', '{"a":1, "b":{"c":[1]} }'],
    ['{ "a" : 1 }', 'a', '{  }'],
  ])('of %s without %s leaves %s', (text, key, rest) => {
    const { members } = scanJsonObject(encoder.encode(text));
    const member = members.find((candidate) => candidate.key === key);
    if (member === undefined) throw new Error('no such member');
    const { from, to } = memberRange(members, member);
    expect(text.slice(0, from) + text.slice(to)).toBe(rest);
  });
});
