/** Tokens of one call as they are billed. The totals `input` and `output` include their parts. */
export interface TokenUsage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly inputAudio: number;
  readonly output: number;
  readonly reasoning: number;
  readonly outputAudio: number;
}

/** What a provider's answer says about usage. */
export type UsageReading =
  /** `inconsistent`: parts exceeded their total, which was raised to their sum. */
  | { readonly kind: 'usage'; readonly usage: TokenUsage; readonly inconsistent: boolean }
  /** Nothing, or not both counts: the call is estimated. */
  | { readonly kind: 'absent' }
  /** Negative, fractional, not a number, or more than one call can use: the call is estimated, with an alarm. */
  | { readonly kind: 'unbelievable' };

/** The most tokens that one call is believed to use (design section 12). */
export const MAX_CALL_TOKENS = 100_000_000;

/**
 * Reads the `usage` member of an OpenAI-shaped chat completion, of OpenAI or a compatible server.
 *
 * `prompt_tokens` contains cached, cache-write and audio tokens, `completion_tokens` reasoning and audio tokens (OpenAI
 * API reference, `CompletionUsage`); servers send null for details they do not have. An explicit zero is a value.
 */
export function readChatUsage(value: unknown): UsageReading {
  if (!isObject(value)) return { kind: 'absent' };
  const total = count(value['total_tokens']);
  const prompt = count(value['prompt_tokens']) ?? remainder(total, value['completion_tokens']);
  const completion = count(value['completion_tokens']) ?? remainder(total, value['prompt_tokens']);
  if (prompt === null || completion === null) return { kind: 'absent' };

  const inputDetails = detailsOf(value['prompt_tokens_details']);
  const cacheRead = count(inputDetails['cached_tokens']) ?? 0;
  const cacheWrite = count(inputDetails['cache_write_tokens']) ?? 0;
  const inputAudio = count(inputDetails['audio_tokens']) ?? 0;
  const input = Math.max(prompt, cacheRead + cacheWrite + inputAudio);

  const outputDetails = detailsOf(value['completion_tokens_details']);
  const reasoning = count(outputDetails['reasoning_tokens']) ?? 0;
  const outputAudio = count(outputDetails['audio_tokens']) ?? 0;
  const output = Math.max(completion, reasoning + outputAudio);

  // Written so that NaN, which any unbelievable count has become by now, fails it too.
  if (!(input + output <= MAX_CALL_TOKENS)) return { kind: 'unbelievable' };
  const usage = { input, cacheRead, cacheWrite, inputAudio, output, reasoning, outputAudio };
  return { kind: 'usage', usage, inconsistent: input !== prompt || output !== completion };
}

/** A count as it stands: null when it is not stated, NaN when no call can have it. */
function count(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
}

/** A count that is not stated but follows from the total and the other one. */
function remainder(total: number | null, other: unknown): number | null {
  const known = count(other);
  if (total === null || known === null) return null;
  return total >= known ? total - known : Number.NaN;
}

function detailsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
