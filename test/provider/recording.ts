import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

const FILE = '../shared/recordings/openai/chat-stream-include-usage.yaml';

/** A real recorded answer of OpenAI, and what it says it used. */
export interface RecordedStream {
  readonly bytes: Uint8Array;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The recorded stream beside the checkout, or null where there is none. */
export function recordedStream(): RecordedStream | null {
  if (!existsSync(FILE)) return null;
  const cassette = parse(readFileSync(FILE, 'utf8')) as {
    interactions: readonly { response: { body: { string: string } } }[];
  };
  const text = cassette.interactions[0]?.response.body.string ?? '';
  const usage = /"prompt_tokens":([0-9]+),"completion_tokens":([0-9]+)/.exec(text);
  if (usage === null) return null;
  return { bytes: Buffer.from(text), inputTokens: Number(usage[1]), outputTokens: Number(usage[2]) };
}
