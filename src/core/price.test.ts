import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CALL_NANOS } from './money.ts';
import { costNanos, costPicos, createPriceBook, type Price, type PriceEntry, priceProblem } from './price.ts';
import type { TokenUsage } from './usage.ts';

const NOTHING: TokenUsage = {
  input: 0,
  cacheRead: 0,
  cacheWrite: 0,
  inputAudio: 0,
  output: 0,
  reasoning: 0,
  outputAudio: 0,
};

function priceOf(entry: Partial<PriceEntry>): Price {
  const price = createPriceBook([{ model: '*', input: '0', output: '0', ...entry }]).find('openai', 'any');
  if (price === null) throw new Error('the catch-all entry matches');
  return price;
}

describe('priceProblem', () => {
  it.each<[string, Partial<PriceEntry>, string | undefined]>([
    ['a whole price is one', { cacheRead: '0.075', perRequest: '0.01', contextWindow: 128_000 }, undefined],
    ['a price without output is not silently free', { output: undefined as never }, 'output is missing'],
    ['a price without input is not silently free', { input: undefined as never }, 'input is missing'],
    ['an empty model matches nothing', { model: '' }, 'model is empty'],
    ['a negative rate is none', { input: '-1' }, 'input "-1" is not a decimal'],
    ['an exponent is none', { output: '1e-6' }, 'output "1e-6" is not a decimal'],
    ['NaN is none', { cacheWrite: 'NaN' }, 'cacheWrite "NaN" is not a decimal'],
    ['a rate that would round to free is refused', { input: '0.0000001' }, 'below the smallest price'],
    ['a request price that would round to free is refused', { perRequest: '0.0000000000001' }, 'below the smallest'],
    ['a fractional window is none', { contextWindow: 0.5 }, 'contextWindow is not a positive whole number'],
    ['a zero maximum is none', { maxOutputTokens: 0 }, 'maxOutputTokens is not a positive whole number'],
  ])('%s', (_, change, problem) => {
    const found = priceProblem({ model: 'gpt-5', input: '1', output: '2', ...change });
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });
});

describe('the price book', () => {
  const book = createPriceBook([
    { model: '*', input: '1', output: '1' },
    { model: 'gpt-5*', input: '2', output: '2' },
    { model: 'gpt-*5', input: '3', output: '3' },
    { provider: 'local', model: 'gpt-5-mini', input: '0', output: '0' },
    { model: 'azure/gpt-5-mini', input: '4', output: '4' },
  ]);
  it.each([
    ['the longest literal part wins, then the earlier entry', 'openai', 'gpt-5', 2],
    ['an entry of another provider does not apply', 'openai', 'gpt-5-mini', 2],
    ['an entry of this provider does', 'local', 'gpt-5-mini', 0],
    ['a glob may name the provider', 'azure', 'gpt-5-mini', 4],
    ['case does not matter', 'openai', 'GPT-5', 2],
    ['the catch-all takes the rest', 'openai', 'o3', 1],
  ])('%s', (_, provider, model, usdPerMillion) => {
    for (const time of ['first', 'remembered']) {
      expect(book.find(provider, model)?.input, time).toBe(BigInt(usdPerMillion) * 1_000_000n);
    }
  });

  it('a model without a price has none, also when asked again', () => {
    const priced = createPriceBook([{ model: 'a', input: '1', output: '1' }]);
    expect([priced.find('p', 'b'), priced.find('p', 'b')]).toEqual([null, null]);
  });

  it('answers the same after ten thousand other names were asked', () => {
    for (let i = 0; i < 10_000; i += 1) book.find('openai', `made-up-${i}`);
    expect(book.find('openai', 'gpt-5')?.input).toBe(2_000_000n);
  });

  it('a price is free only when every unit is zero', () => {
    expect(priceOf({}).free).toBe(true);
    for (const unit of ['input', 'output', 'cacheRead', 'reasoning', 'outputAudio', 'perRequest'] as const) {
      expect(priceOf({ [unit]: '0.01' }).free, unit).toBe(false);
    }
  });
});

describe('costNanos', () => {
  it('an unpriced part costs what its whole costs, never nothing', () => {
    const price = priceOf({ input: '2.5', output: '10' });
    const { cacheRead, cacheWrite, inputAudio, reasoning, outputAudio } = price;
    expect([cacheRead, cacheWrite, inputAudio]).toEqual([2_500_000n, 2_500_000n, 2_500_000n]);
    expect([reasoning, outputAudio]).toEqual([10_000_000n, 10_000_000n]);
  });

  it('charges every part at its own rate and only the rest at the whole', () => {
    const price = priceOf({
      input: '2.5',
      output: '10',
      cacheRead: '0.25',
      cacheWrite: '3.125',
      inputAudio: '40',
      reasoning: '12',
      outputAudio: '80',
      perRequest: '0.01',
    });
    const usage = {
      input: 1000,
      cacheRead: 400,
      cacheWrite: 100,
      inputAudio: 50,
      output: 500,
      reasoning: 200,
      outputAudio: 30,
    };
    // USD: 450 x 2.5e-6 + 400 x 0.25e-6 + 100 x 3.125e-6 + 50 x 40e-6 + 270 x 10e-6 + 200 x 12e-6 + 30 x 80e-6 + 0.01
    expect(costNanos(price, usage)).toBe(21_037_500n);
  });

  it('rounds once, half up, and not per part', () => {
    const price = priceOf({ input: '0.0003', output: '0.0002' });
    expect(costPicos(price, { ...NOTHING, input: 1, output: 1 })).toBe(500n);
    expect(costNanos(price, { ...NOTHING, input: 1, output: 1 })).toBe(1n);
    expect(costNanos(price, { ...NOTHING, input: 1 })).toBe(0n);
  });

  it('is exact at the largest believed call', () => {
    const cost = costNanos(priceOf({ input: '9999.999999' }), { ...NOTHING, input: 100_000_000 });
    expect(cost).toBe(999_999_999_900_000n);
    expect(cost).toBeLessThan(MAX_CALL_NANOS);
  });

  it('refuses parts that do not fit into their total: that is a bug, not a discount', () => {
    expect(() => costPicos(priceOf({}), { ...NOTHING, input: 1, cacheRead: 2 })).toThrow('fit into its totals');
  });

  it('one more token costs exactly its rate, whatever the rates', () => {
    const rate = fc.integer({ min: 0, max: 100_000_000 }).map((micros) => (micros / 1e6).toFixed(6));
    const tokens = fc.nat(1_000_000);
    fc.assert(
      fc.property(rate, rate, rate, tokens, tokens, tokens, (input, output, cacheRead, plain, cached, out) => {
        const price = priceOf({ input, output, cacheRead });
        const usage = { ...NOTHING, input: plain + cached, cacheRead: cached, output: out };
        const cost = costPicos(price, usage);
        expect(costPicos(price, { ...usage, input: usage.input + 1 })).toBe(cost + price.input);
        expect(costPicos(price, { ...usage, input: usage.input + 1, cacheRead: cached + 1 })).toBe(
          cost + price.cacheRead,
        );
        expect(costPicos(price, { ...usage, output: out + 1 })).toBe(cost + price.output);
      }),
    );
  });
});
