import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordedUsages } from '../../test/fixtures/chat-streams.ts';
import { MAX_CALL_TOKENS, readChatUsage, type TokenUsage } from './usage.ts';

function tokens(parts: Partial<TokenUsage>): TokenUsage {
  return { input: 0, cacheRead: 0, cacheWrite: 0, inputAudio: 0, output: 0, reasoning: 0, outputAudio: 0, ...parts };
}

describe('readChatUsage reads what is billed', () => {
  it.each<[string, unknown, Partial<TokenUsage>, boolean]>([
    [
      'details are parts of the totals',
      {
        prompt_tokens: 4020,
        completion_tokens: 40,
        total_tokens: 4060,
        prompt_tokens_details: { cached_tokens: 4000, cache_write_tokens: 12, audio_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 5, rejected_prediction_tokens: 2 },
      },
      { input: 4020, cacheRead: 4000, cacheWrite: 12, inputAudio: 3, output: 40, reasoning: 30, outputAudio: 5 },
      false,
    ],
    [
      'details that are null are not there (Ollama, vLLM)',
      { prompt_tokens: 176, completion_tokens: 14, prompt_tokens_details: null, completion_tokens_details: null },
      { input: 176, output: 14 },
      false,
    ],
    [
      'null counts within details are not there',
      { prompt_tokens: 7, completion_tokens: 1, prompt_tokens_details: { cached_tokens: null, audio_tokens: null } },
      { input: 7, output: 1 },
      false,
    ],
    ['an explicit zero is a value', { prompt_tokens: 0, completion_tokens: 0 }, {}, false],
    [
      'a count that is not stated follows from the total',
      { prompt_tokens: 9, total_tokens: 9 },
      { input: 9, output: 0 },
      false,
    ],
    [
      'parts larger than the total raise the total (xAI)',
      { prompt_tokens: 12, completion_tokens: 1, completion_tokens_details: { reasoning_tokens: 290 } },
      { input: 12, output: 290, reasoning: 290 },
      true,
    ],
    [
      'parts count together against the total',
      { prompt_tokens: 10, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 8, audio_tokens: 8 } },
      { input: 16, cacheRead: 8, inputAudio: 8 },
      true,
    ],
  ])('%s', (_, value, parts, inconsistent) => {
    expect(readChatUsage(value)).toEqual({ kind: 'usage', usage: tokens(parts), inconsistent });
  });

  it.each([[null], [undefined], ['x'], [7], [{}], [[]], [{ prompt_tokens: 3 }], [{ completion_tokens: null }]])(
    'no usage in %j: the call is estimated, not free',
    (value) => {
      expect(readChatUsage(value)).toEqual({ kind: 'absent' });
    },
  );

  it.each([
    ['negative', { prompt_tokens: -1, completion_tokens: 1 }],
    ['fractional', { prompt_tokens: 1.5, completion_tokens: 1 }],
    ['a string', { prompt_tokens: '12', completion_tokens: 1 }],
    ['beyond integers', { prompt_tokens: 1e300, completion_tokens: 1 }],
    ['infinite', { prompt_tokens: Infinity, completion_tokens: 1 }],
    [
      'a part that is negative',
      { prompt_tokens: 1, completion_tokens: 1, prompt_tokens_details: { audio_tokens: -1 } },
    ],
    ['a total below its count', { prompt_tokens: 5, total_tokens: 3 }],
    ['more than one call can use', { prompt_tokens: MAX_CALL_TOKENS, completion_tokens: 1 }],
  ])('a count that is %s is not believed', (_, value) => {
    expect(readChatUsage(value)).toEqual({ kind: 'unbelievable' });
  });

  it('the largest believed call is believed', () => {
    expect(readChatUsage({ prompt_tokens: MAX_CALL_TOKENS - 1, completion_tokens: 1 }).kind).toBe('usage');
  });

  it.skipIf(recordedUsages.length === 0)('recorded answers are read as an independent extractor reads them', () => {
    for (const { usage, expected } of recordedUsages) {
      expect(readChatUsage(usage), JSON.stringify(usage)).toMatchObject({ kind: 'usage', usage: expected });
    }
    expect(recordedUsages.length).toBeGreaterThan(400);
  });

  it('whatever a provider sends, parts fit into totals and every count is a believable integer', () => {
    const count = fc.oneof(fc.nat(200), fc.constantFrom(null, undefined, -1, 0.5, '3', 1e12), fc.jsonValue());
    const details = fc.record(
      { cached_tokens: count, cache_write_tokens: count, audio_tokens: count, reasoning_tokens: count },
      { requiredKeys: [] },
    );
    const usage = fc.record(
      {
        prompt_tokens: count,
        completion_tokens: count,
        total_tokens: count,
        prompt_tokens_details: fc.oneof(details, fc.jsonValue()),
        completion_tokens_details: fc.oneof(details, fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    let read = 0;
    fc.assert(
      fc.property(usage, (value) => {
        const reading = readChatUsage(value);
        if (reading.kind !== 'usage') return;
        read += 1;
        const { input, cacheRead, cacheWrite, inputAudio, output, reasoning, outputAudio } = reading.usage;
        expect(cacheRead + cacheWrite + inputAudio).toBeLessThanOrEqual(input);
        expect(reasoning + outputAudio).toBeLessThanOrEqual(output);
        for (const tokensOfKind of Object.values(reading.usage)) {
          expect(Number.isSafeInteger(tokensOfKind) && tokensOfKind >= 0).toBe(true);
        }
        expect(input + output).toBeLessThanOrEqual(MAX_CALL_TOKENS);
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
