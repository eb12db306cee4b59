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
