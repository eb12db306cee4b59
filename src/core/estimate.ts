import type { CallPolicy, Unbounded } from './call-policy.ts';
import { ceilToNanos, MAX_CALL_NANOS, type Nanos } from './money.ts';
import { costPicos, type Price } from './price.ts';
import type { TokenUsage } from './usage.ts';

/** What a request says about its cost before it is sent. */
export interface CallShape {
  /** UTF-8 bytes of the body without inline image and audio data. */
  readonly textBytes: number;
  readonly images: number;
  /** Characters of inline base64 audio. */
  readonly audioBytes: number;
  /** The most output tokens that the caller asked for; null: no cap. */
  readonly outputCap: number | null;
  /** How many answers are generated and billed. */
  readonly choices: number;
  /** Why the request does not bound its input, as a public sentence; null: it does. */
  readonly unbounded: string | null;
}

export type HoldSize =
  /** `onLost` is what a sweep books when the proxy is lost: always the estimate. Nano-USD. */
  | { readonly kind: 'hold'; readonly amount: Nanos; readonly onLost: Nanos }
  /** Nothing bounds the cost, and the policy wants a bound. `why` tells the caller what to do. */
  | { readonly kind: 'unbounded'; readonly why: string };

export interface HoldQuestion {
  readonly policy: CallPolicy;
  /** A budget with overdraft Deny applies: the hold must cover whatever the call may cost. */
  readonly underDeny: boolean;
  readonly price: Price;
  readonly shape: CallShape;
}

/** What calls usually take. Of 696 recorded ones with text and function tools, bytes / 3 + 1,000 covered all. */
const LIKELY = { bytesPerToken: 3, extraTokens: 500, tokensPerImage: 1_500 };
const LIKELY_OUTPUT_TOKENS = 1_500;
/**
 * What calls take at most. A token covers at least one byte, and hidden tool prompts added up to 500 in those calls;
 * 2,833 + 8 tiles x 5,667 is the most that a known model counts for an image.
 */
const LARGEST = { bytesPerToken: 1, extraTokens: 800, tokensPerImage: 48_169 };
/** Speech at the lowest bit rate in use (6 kbit/s, in base64) at the highest count (32 tokens per second). */
const AUDIO_BYTES_PER_TOKEN = 31;

/**
 * How much to hold for a call (design section 5). `None` holds nothing, `Estimate` what such calls usually cost, `Max`
 * what the call can cost at most: a token per byte and the whole asked output, at the dearest rates. Rounded up.
 */
export function holdFor({ policy, underDeny, price, shape }: HoldQuestion): HoldSize {
  const likely = likelyUsage(price, shape);
  const onLost = ceilToNanos(costPicos(price, likely));
  if (price.free) return { kind: 'hold', amount: 0n, onLost };
  const cover = coverUnbounded(shape, underDeny ? { type: 'Deny' } : policy.unbounded, price);
  if (cover.kind === 'unbounded') return cover;
  if (policy.reservation === 'None' && !underDeny) return { kind: 'hold', amount: 0n, onLost };

  const wantsMax = underDeny || policy.reservation === 'Max';
  const bounded = wantsMax ? largestUsage(price, shape) : likely;
  if (bounded === null) return { kind: 'unbounded', why: NO_OUTPUT_BOUND };

  const usage = { ...bounded, input: Math.max(bounded.input, cover.input) };
  const whole = ceilToNanos(costPicos(wantsMax ? dearest(price) : price, usage)) + cover.reserve;
  if (whole > MAX_CALL_NANOS) return { kind: 'unbounded', why: TOO_DEAR };
  const cap = underDeny ? null : policy.maxHold;
  return { kind: 'hold', amount: cap !== null && cap < whole ? cap : whole, onLost };
}

/**
 * What an answer without usage, or one that was cut, is settled at: the estimated input and the output that was seen,
 * at least one token of it.
 *
 * @param outputBytes UTF-8 bytes of generated text
 */
export function estimatedUsage(shape: CallShape, outputBytes: number): TokenUsage {
  const seen = Math.max(1, Math.ceil(outputBytes / LIKELY.bytesPerToken));
  const output = shape.outputCap === null ? seen : Math.min(seen, shape.outputCap * shape.choices);
  return { ...NO_PARTS, ...inputTokens(shape, LIKELY, null), output };
}

const TOO_DEAR = 'The request may cost more than 1,000,000 USD: lower max_completion_tokens or n.';
const NO_OUTPUT_BOUND =
  'The request has no max_completion_tokens and the longest answer of this model is not known: send max_completion_tokens.';

const NO_PARTS = { cacheRead: 0, cacheWrite: 0, reasoning: 0, outputAudio: 0 };

function likelyUsage(price: Price, shape: CallShape): TokenUsage {
  const perChoice = Math.min(LIKELY_OUTPUT_TOKENS, outputBound(price, shape));
  return { ...NO_PARTS, ...inputTokens(shape, LIKELY, price.contextWindow), output: perChoice * shape.choices };
}

/** Null: neither the caller nor the price bounds the output. */
function largestUsage(price: Price, shape: CallShape): TokenUsage | null {
  const perChoice = outputBound(price, shape);
  if (perChoice === Infinity) return null;
  return { ...NO_PARTS, ...inputTokens(shape, LARGEST, price.contextWindow), output: perChoice * shape.choices };
}

function outputBound(price: Price, shape: CallShape): number {
  return Math.min(shape.outputCap ?? Infinity, price.maxOutputTokens ?? Infinity);
}

function inputTokens(
  shape: CallShape,
  per: typeof LIKELY,
  contextWindow: number | null,
): Pick<TokenUsage, 'input' | 'inputAudio'> {
  const audio = Math.ceil(shape.audioBytes / AUDIO_BYTES_PER_TOKEN);
  const text = Math.ceil(shape.textBytes / per.bytesPerToken) + per.extraTokens;
  const input = Math.min(text + shape.images * per.tokensPerImage + audio, contextWindow ?? Infinity);
  return { input, inputAudio: Math.min(audio, input) };
}

/** What is held on top for input that the request does not bound: so many input tokens, or a fixed amount. */
type Cover = { readonly kind: 'cover'; readonly input: number; readonly reserve: Nanos };

function coverUnbounded(
  shape: CallShape,
  unbounded: Unbounded,
  price: Price,
): Cover | (HoldSize & { kind: 'unbounded' }) {
  if (shape.unbounded === null) return { kind: 'cover', input: 0, reserve: 0n };
  if (unbounded.type === 'Fixed') return { kind: 'cover', input: 0, reserve: unbounded.reserve };
  if (unbounded.type === 'Deny') return { kind: 'unbounded', why: `${shape.unbounded}: leave it out.` };
  if (price.contextWindow === null) {
    return {
      kind: 'unbounded',
      why: `${shape.unbounded}, and the context window of this model is not known: leave it out.`,
    };
  }
  return { kind: 'cover', input: price.contextWindow, reserve: 0n };
}

/** The price with every token at the highest rate that it may turn out to have. */
function dearest(price: Price): Price {
  const input = highest(price.input, price.cacheRead, price.cacheWrite);
  const output = highest(price.output, price.reasoning, price.outputAudio);
  return { ...price, input, output, inputAudio: highest(price.inputAudio, input) };
}

function highest(...rates: readonly bigint[]): bigint {
  return rates.reduce((most, rate) => (rate > most ? rate : most), 0n);
}
