import { describe, expect, it } from 'vitest';
import { createLineParser, LineError } from './watch-lines.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the lines of a watch', () => {
  it('are the same whatever the chunks, also where one ends within a character', () => {
    const text = 'a\n{"name":"Zoë 💸"}\n\n  \nlast\n';
    for (let size = 1; size <= text.length; size += 1) {
      const parser = createLineParser(100);
      const lines: string[] = [];
      const all = bytes(text);
      for (let from = 0; from < all.length; from += size) lines.push(...parser.push(all.subarray(from, from + size)));
      parser.end();
      expect(lines).toEqual(['a', '{"name":"Zoë 💸"}', 'last']);
    }
  });

  it('may end as Windows ends them', () => {
    expect(createLineParser(100).push(bytes('a\r\nb\r\n'))).toEqual(['a', 'b']);
  });

  it('are not given out before they end', () => {
    const parser = createLineParser(100);
    expect(parser.push(bytes('{"a":1}'))).toEqual([]);
    expect(parser.push(bytes('\n'))).toEqual(['{"a":1}']);
  });

  it('must not be cut by the end of the body', () => {
    const parser = createLineParser(100);
    parser.push(bytes('a\nb'));
    expect(() => parser.end()).toThrow(new LineError('cut within a line'));
  });

  it.each([
    ['in one chunk', ['x'.repeat(11)]],
    ['over several chunks', ['xxxxxx', 'xxxxx']],
    ['with its end', ['xxxxxxxxxxx\n']],
  ])('must not be longer than the cap, %s', (_, chunks) => {
    const parser = createLineParser(10);
    expect(() => chunks.forEach((chunk) => parser.push(bytes(chunk)))).toThrow(LineError);
  });

  it('may be as long as the cap, each anew', () => {
    const line = 'x'.repeat(10);
    expect(createLineParser(10).push(bytes(`${line}\n${line}\n${line}\n`))).toEqual([line, line, line]);
  });

  it('must be UTF-8', () => {
    expect(() => createLineParser(10).push(new Uint8Array([0xc3, 0x28, 0x0a]))).toThrow(
      new LineError('a line is not UTF-8'),
    );
  });
});
