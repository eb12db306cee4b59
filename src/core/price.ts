import { assert } from './assert.ts';
import { literalLength, modelMatches } from './model-glob.ts';
import { type Nanos, parsePricePerMillion, parsePricePerUnit, type Picos, roundToNanos } from './money.ts';
import type { TokenUsage } from './usage.ts';

/** One price of the platform configuration: decimal USD texts, as written. */
export interface PriceEntry {
  /** Provider name; absent: every provider. */
  readonly provider?: string;
  /** Glob over the served model. */
  readonly model: string;
  /** USD per million tokens. */
  readonly input?: string;
  readonly output?: string;
  readonly cacheRead?: string;
  readonly cacheWrite?: string;
  readonly reasoning?: string;
  readonly inputAudio?: string;
  readonly outputAudio?: string;
  /** USD per call. */
  readonly perRequest?: string;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
}

/** A price, compiled: pico-USD per token or per request, every unit decided. */
export interface Price {
  readonly input: Picos;
  readonly output: Picos;
  readonly cacheRead: Picos;
  readonly cacheWrite: Picos;
  readonly reasoning: Picos;
  readonly inputAudio: Picos;
  readonly outputAudio: Picos;
  readonly perRequest: Picos;
  /** Tokens; null: not known. */
  readonly contextWindow: number | null;
  readonly maxOutputTokens: number | null;
  /** The entry's own name for it, a glob: a label from a closed set. */
  readonly label: string;
  /** Zero in every unit: such a call passes every USD budget. */
  readonly free: boolean;
}

/** Prices by provider and served model. */
export interface PriceBook {
  /** Null: the model has no price. */
  find(provider: string, model: string): Price | null;
}

const TOKEN_UNITS = ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning', 'inputAudio', 'outputAudio'] as const;
const TOKEN_LIMITS = ['contextWindow', 'maxOutputTokens'] as const;

/** Names that callers send are untrusted, so what is remembered of them is bounded. */
const REMEMBERED_NAMES = 1_000;

/** Why an entry is no price, as a sentence for its author; undefined when it is one. */
export function priceProblem(entry: PriceEntry): string | undefined {
  if (entry.model === '') return 'model is empty: write a name or a glob such as "gpt-5*"';
  for (const unit of TOKEN_UNITS) {
    const problem = rateProblem(unit, entry[unit], parsePricePerMillion);
    if (problem !== undefined) return problem;
  }
  for (const parent of ['input', 'output'] as const) {
    if (entry[parent] === undefined) return `${parent} is missing: write "0" if it costs nothing`;
  }
  for (const limit of TOKEN_LIMITS) {
    const tokens = entry[limit];
    if (tokens !== undefined && !(Number.isSafeInteger(tokens) && tokens > 0)) {
      return `${limit} is not a positive whole number of tokens`;
    }
  }
  return rateProblem('perRequest', entry.perRequest, parsePricePerUnit);
}

function rateProblem(
  unit: string,
  text: string | undefined,
  parse: (text: string) => Picos | undefined,
): string | undefined {
  if (text === undefined) return undefined;
  const rate = parse(text);
  if (rate === undefined) return `${unit} "${text}" is not a decimal USD amount such as "0.15"`;
  // A rate that rounds to nothing would turn a priced model into a free one.
  if (rate === 0n && /[1-9]/.test(text)) return `${unit} "${text}" is below the smallest price, one pico-USD`;
  return undefined;
}

/**
 * Compiles entries that have no {@link priceProblem}. Of the entries that match, the one with the longest literal part
 * wins, then the earlier one (design section 12).
 */
export function createPriceBook(entries: readonly PriceEntry[]): PriceBook {
  const ranked = entries
    .map((entry) => ({ entry, price: compilePrice(entry) }))
    .toSorted((a, b) => literalLength(b.entry.model) - literalLength(a.entry.model));
  const search = (provider: string, model: string): Price | null => {
    const found = ranked.find(
      ({ entry }) => (entry.provider ?? provider) === provider && modelMatches(entry.model, provider, model),
    );
    return found?.price ?? null;
  };
  // A Map keeps insertion order: the first key is the one that was not asked for the longest.
  const known = new Map<string, Price | null>();
  return {
    find(provider, model) {
      const key = `${provider}\n${model}`;
      const remembered = known.get(key);
      const price = remembered === undefined ? search(provider, model) : remembered;
      known.delete(key);
      known.set(key, price);
      for (const oldest of known.keys()) {
        if (known.size <= REMEMBERED_NAMES) break;
        known.delete(oldest);
      }
      return price;
    },
  };
}

function compilePrice(entry: PriceEntry): Price {
  const problem = priceProblem(entry);
  assert(problem === undefined, `unchecked price of ${entry.model}: ${problem}`);
  const input = tokenRate(entry.input, 0n);
  const output = tokenRate(entry.output, 0n);
  // A part without a rate of its own costs what its whole costs, never nothing.
  const rates = {
    input,
    output,
    cacheRead: tokenRate(entry.cacheRead, input),
    cacheWrite: tokenRate(entry.cacheWrite, input),
    inputAudio: tokenRate(entry.inputAudio, input),
    reasoning: tokenRate(entry.reasoning, output),
    outputAudio: tokenRate(entry.outputAudio, output),
    perRequest: parsePricePerUnit(entry.perRequest ?? '0') ?? 0n,
  };
  return {
    ...rates,
    label: entry.model,
    contextWindow: entry.contextWindow ?? null,
    maxOutputTokens: entry.maxOutputTokens ?? null,
    free: Object.values(rates).every((rate) => rate === 0n),
  };
}

function tokenRate(text: string | undefined, otherwise: Picos): Picos {
  return text === undefined ? otherwise : (parsePricePerMillion(text) ?? otherwise);
}

/** The exact cost of a call in pico-USD: every part of the totals at its own rate, the rest at the whole's. */
export function costPicos(price: Price, usage: TokenUsage): Picos {
  const plainInput = usage.input - usage.cacheRead - usage.cacheWrite - usage.inputAudio;
  const plainOutput = usage.output - usage.reasoning - usage.outputAudio;
  assert(plainInput >= 0 && plainOutput >= 0, 'the parts of a usage fit into its totals');
  return (
    BigInt(plainInput) * price.input +
    BigInt(usage.cacheRead) * price.cacheRead +
    BigInt(usage.cacheWrite) * price.cacheWrite +
    BigInt(usage.inputAudio) * price.inputAudio +
    BigInt(plainOutput) * price.output +
    BigInt(usage.reasoning) * price.reasoning +
    BigInt(usage.outputAudio) * price.outputAudio +
    price.perRequest
  );
}

/** The cost of a call in nano-USD: one half-up rounding of the whole, never of its parts. */
export function costNanos(price: Price, usage: TokenUsage): Nanos {
  return roundToNanos(costPicos(price, usage));
}
