import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChatBody, chatAnswers, chatStreams, ownBody } from '../../test/fixtures/chat-streams.ts';
import type { UsageReading } from '../core/usage.ts';
import { readChatAnswer } from './answer.ts';
import { createChatStreamMeter, type StreamReading } from './sse-meter.ts';

interface Metered extends StreamReading {
  readonly text: string;
}

/** Meters bytes that are cut into chunks before each of the given offsets. */
function meter(bytes: Uint8Array, strip: boolean, cuts: readonly number[] = [], maxEventBytes = 1 << 20): Metered {
  const stream = createChatStreamMeter({ strip, maxEventBytes });
  const passed: Uint8Array[] = [];
  const offsets = [...new Set([0, ...cuts, bytes.length])].toSorted((a, b) => a - b);
  offsets.slice(1).forEach((end, index) => passed.push(...stream.push(bytes.subarray(offsets[index], end))));
  const rest = stream.finish();
  const reading = stream.reading();
  return { ...reading, text: Buffer.concat([...passed, ...rest]).toString() };
}

function readingOf(usage: ChatBody['usage']): UsageReading {
  if (usage === null) return { kind: 'absent' };
  const none = { input: 0, cacheRead: 0, cacheWrite: 0, inputAudio: 0, output: 0, reasoning: 0, outputAudio: 0 };
  return { kind: 'usage', usage: { ...none, ...usage }, inconsistent: false };
}

/** The JSON payloads of a stream that has one data line per event. */
function payloads(text: string): unknown[] {
  return [...text.matchAll(/^data: ?(\{.*\})\r?$/gm)].map(([, json = '']) => JSON.parse(json) as unknown);
}

function withoutUsage(chunk: object): object {
  return Object.fromEntries(Object.entries(chunk).filter(([name]) => name !== 'usage'));
}

const cutsOf = (bytes: Uint8Array): fc.Arbitrary<number[]> => fc.array(fc.nat(bytes.length), { maxLength: 40 });

describe.each(chatStreams)('the stream $name', ({ bytes, usage, model }) => {
  const whole = new TextDecoder().decode(bytes);

  it('is read as it was billed', () => {
    expect(meter(bytes, false)).toMatchObject({ usage: readingOf(usage), model, overflow: false, text: whole });
  });

  it('passes on the same chunks where nothing is stripped, and reads the same usage wherever it is cut', () => {
    const once = meter(bytes, false);
    fc.assert(
      fc.property(cutsOf(bytes), (cuts) => {
        expect(meter(bytes, false, cuts)).toEqual(once);
      }),
    );
    const stream = createChatStreamMeter({ strip: false, maxEventBytes: 1 << 20 });
    expect(stream.push(bytes)[0]).toBe(bytes);
  });

  it('is stripped the same wherever it is cut, byte by byte too', () => {
    const once = meter(bytes, true);
    fc.assert(
      fc.property(cutsOf(bytes), (cuts) => {
        expect(meter(bytes, true, cuts)).toEqual(once);
      }),
    );
    expect(meter(bytes, true, [...bytes.keys()])).toEqual(once);
  });

  it('loses nothing but usage when stripped', () => {
    const before = payloads(whole) as { choices?: unknown[]; usage?: object | null; error?: unknown }[];
    const expected = before
      .filter((chunk) => !(chunk.choices?.length === 0 && chunk.usage && chunk.error === undefined))
      .map((chunk) => (chunk.usage ? withoutUsage(chunk) : chunk));
    expect(payloads(meter(bytes, true).text)).toEqual(expected);
  });
});

describe('stripping', () => {
  it.each([
    [
      'the usage chunk is dropped whole',
      'usage-chunk',
      (text: string) => text.replace(/data: \{[^\n]*"choices":\[\],"usage":\{[^\n]*\n\n/, ''),
    ],
    [
      'usage on a chunk with choices is cut out alone',
      'usage-on-finish',
      (text: string) => text.replace(/,"usage":\{"prompt_tokens":11,[^\n]*?\}\}/, ''),
    ],
    ['usage beside an error is cut out alone', 'error', (text: string) => text.replace(/,"usage":\{[^\n]*?\}\}/, '')],
    [
      'a last event without its blank line is stripped too',
      'unended',
      (text: string) => text.replace(/data: \{[^\n]*"choices":\[\],"usage"[^\n]*$/, ''),
    ],
    [
      'of an event of several data lines only the member goes',
      'multi-line',
      (text: string) =>
        text.replace(/,"usage":\{"prompt[^\n]*\n/, '\n').replace(/data:"prompt_tokens_details":[^\n]*\}\}/, 'data:}'),
    ],
  ])('%s, every other byte stays', (_, file, expected) => {
    const bytes = ownBody(`${file}.sse`);
    const before = new TextDecoder().decode(bytes);
    const after = meter(bytes, true).text;
    expect(after).toBe(expected(before));
    expect(after).not.toBe(before);
  });

  it("keeps empty choices without usage: they are the provider's own", () => {
    expect(meter(ownBody('filter-results.sse'), true).text).toContain('prompt_filter_results');
  });

  it('passes on the same chunk object when it holds whole events without usage', () => {
    const chunk = ownBody('no-usage.sse');
    const stream = createChatStreamMeter({ strip: true, maxEventBytes: 1 << 20 });
    expect(stream.push(chunk)).toEqual([chunk]);
    expect(stream.push(chunk)[0]).toBe(chunk);
  });

  it('holds back an unfinished event only, and never a comment', () => {
    const stream = createChatStreamMeter({ strip: true, maxEventBytes: 1 << 20 });
    const push = (text: string): string => Buffer.concat([...stream.push(Buffer.from(text))]).toString();
    expect(push(': keep-alive\n')).toBe(': keep-alive\n');
    expect(push('data: {"a":1}\n\ndata: {"b"')).toBe('data: {"a":1}\n\n');
    expect(push(':2}\n')).toBe('');
    expect(push('\n')).toBe('data: {"b":2}\n\n');
    expect(push('data: {"c"')).toBe('');
    expect(Buffer.concat([...stream.finish()]).toString()).toBe('data: {"c"');
  });

  it('takes a comment within an event as a part of it', () => {
    const text = 'data: {"choices":[],\n: comment\ndata: "usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n';
    expect(meter(Buffer.from(text), true)).toMatchObject({ usage: readingOf({ input: 1, output: 2 }), text: '' });
  });
});

describe('the reading', () => {
  it('counts generated text without names and envelopes', () => {
    // assistant, four, t1, function, f and {\"a\":1} with its two backslashes.
    expect(meter(ownBody('no-usage.sse'), false).outputBytes).toBe(9 + 4 + 2 + 8 + 1 + 9);
  });

  it('names an error that the provider reports within the stream, and keeps the usage so far', () => {
    expect(meter(ownBody('error.sse'), false)).toMatchObject({
      error: 'upstream_429',
      usage: { kind: 'usage' },
      done: false,
    });
  });

  it('knows whether the stream was finished', () => {
    expect(meter(ownBody('usage-chunk.sse'), false).done).toBe(true);
    expect(meter(ownBody('unended.sse'), false).done).toBe(false);
    expect(meter(Buffer.from('data: {"x":"[DONE]"}\n\n'), false).done).toBe(false);
  });

  it('is not misled by text that looks like usage', () => {
    const quoted = JSON.stringify({ choices: [{ delta: { content: '{"usage":{"prompt_tokens":1}}' } }] });
    expect(meter(Buffer.from(`data: ${quoted}\n\n`), true)).toMatchObject({ usage: { kind: 'absent' } });
  });

  it('marks a usage that no call can have', () => {
    const text = 'data: {"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":1}}\n\n';
    expect(meter(Buffer.from(text), false).usage).toEqual({ kind: 'unbelievable' });
  });

  it('takes an explicit zero', () => {
    const text = 'data: {"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\n';
    expect(meter(Buffer.from(text), false).usage).toEqual(readingOf({}));
  });
});

describe('an event without an end', () => {
  it.each([true, false])('is passed on beyond the bound, and metering stops (strip: %s)', (strip) => {
    const text = `data: ${'x'.repeat(5_000)}\n\ndata: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n`;
    const cuts = Array.from({ length: 50 }, (_, index) => index * 100);
    const metered = meter(Buffer.from(text), strip, cuts, 1_000);
    expect(metered).toMatchObject({ overflow: true, usage: { kind: 'absent' }, text });
  });
});

describe('any bytes at all', () => {
  it('never throw, are never lost without strip, and read the same however they are cut', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'data: ',
        '{"usage":',
        '{}',
        '{"choices":[]',
        ',',
        '}',
        '"delta":',
        '"\\',
        '\n',
        '\r\n',
        ':',
        '[DONE]',
        '"error"',
      ),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(200)), (pieces, cuts) => {
        const bytes = new TextEncoder().encode(pieces.join(''));
        const inside = cuts.filter((cut) => cut < bytes.length);
        expect(meter(bytes, true, inside)).toEqual(meter(bytes, true));
        expect(meter(bytes, false, inside)).toEqual({ ...meter(bytes, false), text: pieces.join('') });
      }),
      { numRuns: 2_000 },
    );
  });
});

describe.each(chatAnswers)('the answer $name', ({ bytes, usage, model }) => {
  it('is read as it was billed', () => {
    expect(readChatAnswer(bytes)).toMatchObject({ usage: readingOf(usage), model });
  });
});

describe('readChatAnswer', () => {
  it('counts the generated text for an estimate', () => {
    expect(readChatAnswer(ownBody('answer.json')).outputBytes).toBe('assistant'.length + 'Hi there'.length);
  });

  it.each(['', 'null', '[]', '<html>', '{"usage":null}', '{"model":5}'])('reads nothing from %j', (text) => {
    expect(readChatAnswer(Buffer.from(text))).toEqual({ usage: { kind: 'absent' }, model: null, outputBytes: 0 });
  });
});
