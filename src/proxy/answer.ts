import { readChatUsage, type UsageReading } from '../core/usage.ts';
import { generatedBytes } from './generated-bytes.ts';
import { modelNameIn, parseFields } from './json-fields.ts';

export interface ChatAnswer {
  readonly usage: UsageReading;
  /** The served model; null: not stated. */
  readonly model: string | null;
  /** Bytes of generated text, for an estimate where there is no usage. */
  readonly outputBytes: number;
}

/** Reads what a JSON chat completion says about its cost. Bytes that are no such answer say nothing. */
export function readChatAnswer(bytes: Uint8Array): ChatAnswer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const answer = parseFields(buffer.toString('utf8')) ?? {};
  return {
    usage: readChatUsage(answer['usage']),
    model: modelNameIn(answer),
    outputBytes: generatedBytes(buffer.toString('latin1'), 'message"'),
  };
}
