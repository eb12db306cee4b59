import type { CallShape } from '../core/estimate.ts';
import { isFields, type JsonFields } from './json-fields.ts';

/** The part of a {@link CallShape} that a request's input decides. */
export type InputShape = Pick<CallShape, 'textBytes' | 'images' | 'audioBytes' | 'unbounded'>;

/** What was found in messages so far. `inlineBytes`: base64 that is counted as media and not as text. */
interface Media {
  images: number;
  audioBytes: number;
  inlineBytes: number;
  unbounded: string | null;
}

/** Content parts whose tokens are bounded by their bytes. */
const TEXT_PARTS = new Set(['text', 'refusal', 'thinking', 'input_text', 'output_text']);
/** Tools that the caller runs himself; every other type runs at the provider and feeds its results to the model. */
const CALLER_TOOLS = new Set(['function', 'custom']);
/** Members that switch on a search or a data source at the provider. */
const PROVIDER_SOURCES = ['web_search_options', 'plugins', 'data_sources'];

/**
 * Sizes the input of a chat completion request. Everything counts as text except inline images and audio, which are
 * counted by the part. A part whose tokens cannot be told from its bytes (a file, an id of something stored at the
 * provider, a kind we do not know) leaves the input unbounded.
 */
export function readInputShape(fields: JsonFields, bodyBytes: number): InputShape {
  const media: Media = { images: 0, audioBytes: 0, inlineBytes: 0, unbounded: null };
  listOf(fields['messages']).forEach((message, index) => {
    if (isFields(message)) readMessage(message, `messages[${index}]`, media);
  });
  const { images, audioBytes, inlineBytes } = media;
  const unbounded = media.unbounded ?? providerTool(fields) ?? providerSource(fields);
  return { textBytes: bodyBytes - inlineBytes, images, audioBytes, unbounded };
}

function readMessage(message: JsonFields, path: string, media: Media): void {
  if (isFields(message['audio'])) media.unbounded ??= `${path}.audio names an answer that is stored at the provider`;
  listOf(message['content']).forEach((part, index) => {
    if (isFields(part)) readPart(part, `${path}.content[${index}]`, media);
  });
}

function readPart(part: JsonFields, path: string, media: Media): void {
  const type = part['type'];
  if (type === 'image_url') {
    readImage(part['image_url'], path, media);
  } else if (type === 'input_audio') {
    const data = isFields(part['input_audio']) ? part['input_audio']['data'] : null;
    if (typeof data !== 'string') return;
    media.audioBytes += data.length;
    media.inlineBytes += data.length;
  } else if (!TEXT_PARTS.has(String(type))) {
    media.unbounded ??= `${path} has content whose size is not known before the call`;
  }
}

function readImage(image: unknown, path: string, media: Media): void {
  // OpenAI wants {url, detail}; some compatible servers take the bare URL.
  const { url, detail } = isFields(image) ? image : { url: image, detail: null };
  media.images += 1;
  if (typeof url === 'string' && /^data:image\/[a-z.+-]{1,32};base64,/i.test(url)) media.inlineBytes += url.length;
  // At this detail the newest models count an image without an upper bound.
  if (detail === 'original') media.unbounded ??= `${path} asks for an image at its original size`;
}

function providerTool(fields: JsonFields): string | null {
  const index = listOf(fields['tools']).findIndex((tool) => !isFields(tool) || !CALLER_TOOLS.has(String(tool['type'])));
  return index < 0 ? null : `tools[${index}] runs at the provider and adds input that the request does not bound`;
}

function providerSource(fields: JsonFields): string | null {
  const found = PROVIDER_SOURCES.find((name) => (fields[name] ?? null) !== null);
  return found === undefined ? null : `${found} adds input that the request does not bound`;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
