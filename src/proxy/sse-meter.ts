import { readChatUsage, type UsageReading } from '../core/usage.ts';
import { generatedBytes } from './generated-bytes.ts';
import { isFields, type JsonFields, modelNameIn, parseFields } from './json-fields.ts';
import { scanJsonObject } from './json-scan.ts';
import { memberRange } from './splice.ts';
import { createEventSplitter, dataLines, eventPayload, withoutPayload } from './sse-events.ts';

export interface StreamMeterOptions {
  /** True when we asked for the usage chunk and the caller did not: what shows it is taken out again. */
  readonly strip: boolean;
  /** The most that an event without an end may hold back, or be remembered of. */
  readonly maxEventBytes: number;
}

export interface StreamReading {
  /** The last usage that was reported. */
  readonly usage: UsageReading;
  /** The served model; null: not stated. */
  readonly model: string | null;
  /** Bytes of generated text that were seen, for an estimate where there is no usage. */
  readonly outputBytes: number;
  /** Whether `[DONE]` arrived. */
  readonly done: boolean;
  /** Code or type of an error that the provider reported within the stream. */
  readonly error: string | null;
  /** An event outgrew `maxEventBytes`: nothing after it was metered or stripped. */
  readonly overflow: boolean;
}

export interface StreamMeter {
  /** Meters the next chunk and returns the bytes to pass on: the same chunk object wherever nothing changes. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  /** What was metered so far. */
  reading(): StreamReading;
  /** Ends the metering and returns what was held back of an unfinished last event, still to be passed on. */
  finish(): readonly Uint8Array[];
}

const NOTHING = new Uint8Array(0);

/**
 * Meters a stream of chat completion chunks, of OpenAI or a compatible server.
 *
 * Without `strip` every chunk is passed on as it arrived. With it, the end of a chunk that is no whole event is held back
 * until the event's end is known, because only then is it known whether the event must be changed. That delays nothing a
 * client could use: it acts on an event only at the blank line that ends it.
 *
 * Only events are parsed that state a usage, an error or, until it is known, the model.
 */
export function createChatStreamMeter({ strip, maxEventBytes }: StreamMeterOptions): StreamMeter {
  const splitter = createEventSplitter();
  const reader = createChunkReader(strip);
  // The unfinished event: the parts of it that arrived, which under `strip` are not yet passed on.
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let overflow = false;

  const release = (tail: Uint8Array): Uint8Array => {
    const event = held.length === 0 ? tail : Buffer.concat([...held, tail]);
    held = [];
    heldBytes = 0;
    return event;
  };

  return {
    push(chunk) {
      if (overflow) return [chunk];
      const out: Uint8Array[] = [];
      let passed = 0;
      let start = 0;
      for (const end of splitter.ends(chunk)) {
        const wasHeld = held.length > 0;
        const event = release(chunk.subarray(start, end));
        const kept = reader.read(event);
        if (wasHeld || kept !== event) {
          out.push(chunk.subarray(passed, start), kept);
          passed = end;
        }
        start = end;
      }
      out.push(passed === 0 && start === chunk.length ? chunk : chunk.subarray(passed, start));
      if (start < chunk.length) held.push(chunk.subarray(start));
      heldBytes += chunk.length - start;
      overflow = heldBytes > maxEventBytes;
      if (overflow) out.push(release(NOTHING));
      return strip ? out.filter((bytes) => bytes.length > 0) : [chunk];
    },
    reading: () => ({ ...reader.reading(), overflow }),
    finish() {
      const kept = reader.read(release(NOTHING));
      return strip && kept.length > 0 ? [kept] : [];
    },
  };
}

interface ChunkReader {
  /** Takes note of one event and returns its bytes, changed only where we asked for what the caller did not. */
  read(event: Uint8Array): Uint8Array;
  reading(): Omit<StreamReading, 'overflow'>;
}

const MAX_NAME_LENGTH = 64;

function createChunkReader(strip: boolean): ChunkReader {
  let usage: UsageReading = { kind: 'absent' };
  let model: string | null = null;
  let outputBytes = 0;
  let done = false;
  let error: string | null = null;

  const note = (chunk: JsonFields): void => {
    const found = readChatUsage(chunk['usage']);
    if (found.kind !== 'absent') usage = found;
    model = modelNameIn(chunk) ?? model;
    error = errorName(chunk['error']) ?? error;
  };

  return {
    read(event) {
      const text = Buffer.from(event.buffer, event.byteOffset, event.length).toString('latin1');
      outputBytes += generatedBytes(text, 'delta"');
      const isOfInterest =
        statesMember(text, 'usage"') || statesMember(text, 'error"') || (model === null && text.includes('model"'));
      if (!isOfInterest) {
        done ||= text.includes('[DONE]') && payloadText(event) === '[DONE]';
        return event;
      }
      const chunk = parseFields(payloadText(event));
      if (chunk === null) return event;
      note(chunk);
      return strip && isFields(chunk['usage']) ? stripped(event, chunk) : event;
    },
    reading: () => ({ usage, model, outputBytes, done, error }),
  };
}

/** Whether a member may be there with a value that is not null: a no is certain, a yes costs a parse. `name` as in {@link generatedBytes}. */
function statesMember(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    NULL_VALUE.lastIndex = at + name.length;
    if (!NULL_VALUE.test(text)) return true;
  }
  return false;
}

const NULL_VALUE = /\s*:\s*null/y;

/**
 * An event without the usage that its reader did not ask for. The usage chunk is dropped whole: empty `choices` break
 * clients that do not expect it. Empty `choices` without usage are the provider's own (Azure's filter results) and never
 * get here; a usage that came along with choices or an error is taken out alone.
 */
function stripped(event: Uint8Array, chunk: JsonFields): Uint8Array {
  const { choices } = chunk;
  if (Array.isArray(choices) && choices.length === 0 && errorName(chunk['error']) === null) return NOTHING;
  const lines = dataLines(event);
  const { members } = scanJsonObject(eventPayload(event, lines));
  const usage = members.findLast(({ key }) => key === 'usage');
  return usage === undefined ? event : withoutPayload(event, lines, memberRange(members, usage));
}

function errorName(value: unknown): string | null {
  if (typeof value === 'string') return 'error';
  if (!isFields(value)) return null;
  const name = value['code'] ?? value['type'];
  return typeof name === 'string' || typeof name === 'number' ? String(name).slice(0, MAX_NAME_LENGTH) : 'error';
}

const decoder = new TextDecoder();

function payloadText(event: Uint8Array): string {
  return decoder.decode(eventPayload(event, dataLines(event))).trim();
}
