import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CallPolicy, DEFAULT_CALL_POLICY, type Unbounded } from './call-policy.ts';
import { type CallShape, estimatedUsage, holdFor, type HoldSize } from './estimate.ts';
import type { Nanos } from './money.ts';
import { costNanos, createPriceBook, type Price, type PriceEntry } from './price.ts';

/** 1 USD per million is 1,000 nano-USD per token. */
const NANOS_PER_TOKEN = 1_000n;

function priceOf(entry: Partial<PriceEntry>): Price {
  const price = createPriceBook([{ model: '*', input: '1', output: '1', ...entry }]).find('p', 'm');
  if (price === null) throw new Error('the catch-all entry matches');
  return price;
}

function shapeOf(change: Partial<CallShape>): CallShape {
  return { textBytes: 300, images: 0, audioBytes: 0, outputCap: 100, choices: 1, unbounded: null, ...change };
}

interface Case {
  readonly policy?: Partial<CallPolicy>;
  readonly underDeny?: boolean;
  readonly price?: Partial<PriceEntry>;
  readonly shape?: Partial<CallShape>;
}

function sizeOf({ policy = {}, underDeny = false, price = {}, shape = {} }: Case): HoldSize {
  return holdFor({
    policy: { ...DEFAULT_CALL_POLICY, ...policy },
    underDeny,
    price: priceOf(price),
    shape: shapeOf(shape),
  });
}

function amountOf(question: Case): Nanos {
  const size = sizeOf(question);
  if (size.kind !== 'hold') throw new Error(size.why);
  return size.amount;
}

const max: Partial<CallPolicy> = { reservation: 'Max' };

describe('the size of a hold', () => {
  it.each<[string, Case, bigint]>([
    ['Estimate: a token per three bytes, 500 more, and the asked output', {}, 100n + 500n + 100n],
    ['Estimate: never more than 1,500 tokens of output', { shape: { outputCap: 9_000 } }, 100n + 500n + 1_500n],
    ['Estimate: 1,500 tokens of output when no cap is asked', { shape: { outputCap: null } }, 100n + 500n + 1_500n],
    ['Max: a token per byte, 800 more, and the asked output', { policy: max }, 300n + 800n + 100n],
    [
      'Max: the longest answer of the model when no cap is asked',
      { policy: max, shape: { outputCap: null }, price: { maxOutputTokens: 16_384 } },
      300n + 800n + 16_384n,
    ],
    [
      'Max: a cap above what the model can answer is cut to it',
      { policy: max, shape: { outputCap: 1_000_000 }, price: { maxOutputTokens: 16_384 } },
      300n + 800n + 16_384n,
    ],
    ['every choice is an answer', { policy: max, shape: { choices: 3 } }, 300n + 800n + 300n],
    [
      'the context window bounds the input',
      { policy: max, shape: { textBytes: 1_000_000 }, price: { contextWindow: 8_000 } },
      8_100n,
    ],
    ['Max: input at the dearest input rate', { policy: max, price: { cacheWrite: '1.25' } }, 1_375n + 100n],
    ['Max: output at the dearest output rate', { policy: max, price: { reasoning: '4' } }, 1_100n + 400n],
    ['Max: an image counts as the most that a model counts', { policy: max, shape: { images: 2 } }, 1_200n + 96_338n],
    [
      'audio at its own rate, a token per 31 bytes of base64',
      { shape: { audioBytes: 3_100 }, price: { inputAudio: '40' } },
      700n + 100n * 40n,
    ],
    ['the price of the request itself is part of it', { price: { perRequest: '0.001' } }, 700n + 1_000n],
    ['None holds nothing', { policy: { reservation: 'None' } }, 0n],
    ['maxHold caps the hold', { policy: { maxHold: 5n * NANOS_PER_TOKEN } }, 5n],
    [
      'under Deny the hold is Max even where None is stated',
      { underDeny: true, policy: { reservation: 'None' } },
      1_200n,
    ],
    ['under Deny maxHold is ignored', { underDeny: true, policy: { maxHold: 5n } }, 1_200n],
    ['a free model holds nothing, under Deny too', { underDeny: true, price: { input: '0', output: '0' } }, 0n],
  ])('%s', (_, question, tokens) => {
    expect(amountOf(question)).toBe(tokens * NANOS_PER_TOKEN);
  });

  it('is rounded up, so that it never promises less than the call may cost', () => {
    expect(amountOf({ price: { input: '0.000001', output: '0' } })).toBe(1n);
  });

  it.each<[string, Case]>([
    ['Max', { policy: max, shape: { outputCap: null } }],
    ['a Deny budget', { underDeny: true, shape: { outputCap: null } }],
  ])('without any bound of the output, %s says what to send', (_, question) => {
    expect(sizeOf(question)).toMatchObject({
      kind: 'unbounded',
      why: expect.stringContaining('send max_completion_tokens'),
    });
  });
});

describe('input that the request does not bound', () => {
  const shape = { unbounded: 'tools[0] runs at the provider' };
  const fixed: Unbounded = { type: 'Fixed', reserve: 7_000_000n };
  it.each<[string, Case]>([
    ['is refused by default', { shape }],
    ['is refused under a Deny budget whatever the policy', { shape, underDeny: true, policy: { unbounded: fixed } }],
    [
      'is refused when the context window should be held and is not known',
      { shape, policy: { unbounded: { type: 'ContextWindow' } } },
    ],
  ])('%s, naming its cause', (_, question) => {
    expect(sizeOf(question)).toMatchObject({ kind: 'unbounded', why: expect.stringContaining(shape.unbounded) });
  });

  it('holds the whole context window instead', () => {
    const policy: Partial<CallPolicy> = { unbounded: { type: 'ContextWindow' } };
    expect(amountOf({ shape, policy, price: { contextWindow: 128_000 } })).toBe(128_100n * NANOS_PER_TOKEN);
  });

  it('holds a fixed reserve on top of what the request shows', () => {
    expect(amountOf({ shape, policy: { unbounded: fixed } })).toBe(7_000_000n + 700n * NANOS_PER_TOKEN);
  });

  it('is refused where nothing is held as well: holding nothing is no permission', () => {
    expect(sizeOf({ shape, policy: { reservation: 'None' } }).kind).toBe('unbounded');
    expect(amountOf({ shape, policy: { reservation: 'None', unbounded: fixed } })).toBe(0n);
  });

  it('and so is a call that may cost more than any one call is believed to', () => {
    const huge = { ...shape, unbounded: null, outputCap: Number.MAX_SAFE_INTEGER, choices: 128 };
    expect(sizeOf({ shape: huge, policy: { reservation: 'Max' } }).kind).toBe('unbounded');
  });
});

describe('what is booked when the proxy is lost', () => {
  it.each<[string, Partial<CallPolicy>]>([
    ['None', { reservation: 'None' }],
    ['Estimate', {}],
    ['Max', max],
    ['a capped hold', { maxHold: 1n }],
  ])('is the estimate under %s', (_, policy) => {
    expect(sizeOf({ policy })).toMatchObject({ onLost: 700n * NANOS_PER_TOKEN });
  });
});

describe('holds over all calls', () => {
  const tokens = fc.option(fc.integer({ min: 1, max: 200_000 }));
  const rate = fc.nat(50_000_000).map((micros) => (micros / 1e6).toFixed(6));
  const entry = fc.record({
    input: rate,
    output: rate,
    cacheWrite: rate,
    inputAudio: rate,
    reasoning: rate,
    perRequest: rate,
    contextWindow: fc.integer({ min: 1, max: 1_000_000 }),
    maxOutputTokens: fc.integer({ min: 1, max: 128_000 }),
  });
  const shape = fc.record({
    textBytes: fc.nat(500_000),
    images: fc.nat(3),
    audioBytes: fc.nat(100_000),
    outputCap: tokens,
    choices: fc.integer({ min: 1, max: 4 }),
    unbounded: fc.constant(null),
  });

  it('an estimate never exceeds the hold of a Deny budget, so a swept hold cannot breach it', () => {
    fc.assert(
      fc.property(entry, shape, (price, asked) => {
        const size = sizeOf({ underDeny: true, price, shape: asked });
        expect(size.kind === 'hold' && size.onLost <= size.amount).toBe(true);
      }),
    );
  });

  it('a Max hold covers every usage within the bounds of the request', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(entry, shape, share, share, (price, asked, inputShare, outputShare) => {
        const inputMost = Math.min(asked.textBytes + 800, price.contextWindow);
        const outputMost = Math.min(asked.outputCap ?? Infinity, price.maxOutputTokens) * asked.choices;
        const input = Math.floor(inputMost * inputShare);
        const output = Math.floor(outputMost * outputShare);
        const usage = {
          input,
          cacheRead: 0,
          cacheWrite: Math.floor(input / 2),
          inputAudio: 0,
          output,
          reasoning: Math.floor(output / 2),
          outputAudio: 0,
        };
        const held = amountOf({ policy: max, price, shape: asked });
        expect(costNanos(priceOf(price), usage) <= held).toBe(true);
      }),
    );
  });
});

describe('estimatedUsage', () => {
  it('is never nothing, not even for an answer that was cut before its first byte', () => {
    expect(estimatedUsage(shapeOf({ textBytes: 0 }), 0)).toMatchObject({ input: 500, output: 1 });
  });
  it('counts a token per three bytes of seen output', () => {
    expect(estimatedUsage(shapeOf({}), 31)).toMatchObject({ input: 600, output: 11 });
  });
  it('believes the asked cap over the bytes', () => {
    expect(estimatedUsage(shapeOf({ outputCap: 10, choices: 2 }), 9_000)).toMatchObject({ output: 20 });
  });
  it('keeps audio within the input', () => {
    expect(estimatedUsage(shapeOf({ audioBytes: 310 }), 3)).toMatchObject({ input: 610, inputAudio: 10 });
  });
});
