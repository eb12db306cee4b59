import { describe, expect, it } from 'vitest';
import { type ChatRequest, type ChatRequestReading, readChatRequest } from './chat-request.ts';

const encoder = new TextEncoder();

function read(body: string | Uint8Array | object, contentType = 'application/json'): ChatRequestReading {
  if (body instanceof Uint8Array) return readChatRequest(body, contentType);
  return readChatRequest(encoder.encode(typeof body === 'string' ? body : JSON.stringify(body)), contentType);
}

function requestOf(fields: object): ChatRequest {
  const reading = read({ model: 'gpt-5', messages: [], ...fields });
  if (reading.kind !== 'ok') throw new Error(reading.message);
  return reading.request;
}

function deep(levels: number): string {
  return `{"model":"m","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
}

function content(...parts: unknown[]): object {
  return { messages: [{ role: 'user', content: parts }] };
}

describe('readChatRequest reads what decides about money', () => {
  it('from a plain request', () => {
    const { members, ...rest } = requestOf({ temperature: 0.5 });
    expect(rest).toEqual({
      model: 'gpt-5',
      stream: false,
      includeUsage: false,
      shape: {
        textBytes: expect.any(Number) as number,
        images: 0,
        audioBytes: 0,
        outputCap: null,
        choices: 1,
        unbounded: null,
      },
    });
    expect(members.map(({ key }) => key)).toEqual(['model', 'messages', 'temperature']);
  });

  it.each<[string, object, object]>([
    ['max_tokens is a cap', { max_tokens: 7 }, { shape: { outputCap: 7 } }],
    ['max_completion_tokens is a cap', { max_completion_tokens: 8 }, { shape: { outputCap: 8 } }],
    ['of two caps the larger counts', { max_tokens: 9, max_completion_tokens: 8 }, { shape: { outputCap: 9 } }],
    ['a null cap is no cap', { max_tokens: null }, { shape: { outputCap: null } }],
    ['n answers are billed', { n: 128 }, { shape: { choices: 128 } }],
    ['best_of answers are billed', { n: 2, best_of: 5 }, { shape: { choices: 5 } }],
    [
      'the usage chunk may be asked for',
      { stream: true, stream_options: { include_usage: true } },
      { stream: true, includeUsage: true },
    ],
    ['null options ask for nothing', { stream: true, stream_options: null }, { stream: true, includeUsage: false }],
    ['a null stream is none', { stream: null }, { stream: false }],
  ])('%s', (_, fields, expected) => {
    expect(requestOf(fields)).toMatchObject(expected);
  });

  it('in every accepted spelling of the content type', () => {
    for (const type of ['application/json', 'Application/JSON; charset=utf-8', 'application/json;charset="UTF-8"']) {
      expect(read({ model: 'm' }, type).kind, type).toBe('ok');
    }
  });
});

describe('readChatRequest refuses, naming the field and never its value', () => {
  const secret = 'sk-bd-secret';

  it.each<[string, string | Uint8Array | object, string | null]>([
    ['a truncated body', '{"model":"m"', null],
    ['an empty body', '', null],
    ['an array', '[]', null],
    ['a string', '"m"', null],
    ['a byte order mark', '\uFEFF{"model":"m"}', null],
    ['UTF-16', new Uint8Array(Buffer.from('{"model":"m"}', 'utf16le')), null],
    ['invalid UTF-8', Uint8Array.from([...encoder.encode('{"model":"'), 0xff, 0x22, 0x7d]), null],
    ['a duplicate model', `{"model":"cheap","model":"${secret}"}`, 'model'],
    ['a duplicate behind an escape', '{"model":"cheap","mod\\u0065l":"dear"}', 'model'],
    ['a duplicate of a key that may be a secret', `{"model":"m","${secret}":1,"${secret}":2}`, null],
    [
      'a duplicate within stream_options',
      '{"model":"m","stream_options":{"include_usage":true,"include_usage":false}}',
      'stream_options',
    ],
    ['__proto__', '{"model":"m","__proto__":{}}', '__proto__'],
    ['constructor', '{"model":"m","constructor":1}', 'constructor'],
    ['65 levels', deep(64), null],
    ['200,000 levels', deep(200_000), null],
    ['a number out of range', '{"model":"m","max_tokens":1e999}', 'max_tokens'],
    ['a nested number out of range', '{"model":"m","messages":[{"x":[-1E999]}]}', 'messages'],
    ['no model', {}, 'model'],
    ['an empty model', { model: '' }, 'model'],
    ['a model that is no string', { model: 5 }, 'model'],
    ['a model of 257 characters', { model: secret.padEnd(257, 'x') }, 'model'],
    ['stream as a string', { model: 'm', stream: secret }, 'stream'],
    ['a negative cap', { model: 'm', max_tokens: -1 }, 'max_tokens'],
    ['a zero cap', { model: 'm', max_completion_tokens: 0 }, 'max_completion_tokens'],
    ['a fractional cap', { model: 'm', max_tokens: 0.5 }, 'max_tokens'],
    ['a cap in a string', { model: 'm', max_tokens: secret }, 'max_tokens'],
    ['a cap beyond integers', '{"model":"m","max_tokens":9223372036854775808}', 'max_tokens'],
    ['a million answers', { model: 'm', n: 1_000_000 }, 'n'],
    ['no answers', { model: 'm', n: 0 }, 'n'],
    ['a million hidden answers', { model: 'm', best_of: 1_000_000 }, 'best_of'],
    ['a service tier that is no string', { model: 'm', service_tier: {} }, 'service_tier'],
    ['stream_options that are no object', { model: 'm', stream_options: [] }, 'stream_options'],
    ['include_usage that is no boolean', { model: 'm', stream_options: { include_usage: secret } }, 'stream_options'],
    ['a destination', { model: 'm', api_base: 'https://evil.example' }, 'api_base'],
    ['a credential', { model: 'm', api_key: secret }, 'api_key'],
    ['further models, past the allow-list', { model: 'm', models: ['dear'] }, 'models'],
  ])('%s', (_, body, param) => {
    const reading = read(body);
    expect(reading).toMatchObject({ kind: 'bad', code: 'invalid_request', param });
    expect(JSON.stringify(reading)).not.toContain(secret);
  });

  it('64 levels are still read', () => {
    expect(read(deep(63)).kind).toBe('ok');
  });

  it.each([
    '',
    'text/plain',
    'application/json; charset=utf-16',
    'application/json\t',
    'multipart/form-data',
    'application/json, text/plain',
  ])('content type %j', (type) => {
    expect(read({ model: 'm' }, type)).toMatchObject({ kind: 'bad', code: 'unsupported_media_type' });
  });

  it('a body without a content type', () => {
    expect(readChatRequest(encoder.encode('{"model":"m"}'), undefined).kind).toBe('bad');
  });
});

describe('the shape of the input', () => {
  const base64 = 'A'.repeat(40_000);

  it('an inline image counts as an image and not as text', () => {
    const { shape } = requestOf(content({ type: 'image_url', image_url: { url: `data:image/png;base64,${base64}` } }));
    expect(shape).toMatchObject({ images: 1, unbounded: null });
    expect(shape.textBytes).toBeLessThan(200);
  });

  it('inline audio counts by its bytes and not as text', () => {
    const { shape } = requestOf(content({ type: 'input_audio', input_audio: { data: base64, format: 'mp3' } }));
    expect(shape).toMatchObject({ audioBytes: 40_000, unbounded: null });
    expect(shape.textBytes).toBeLessThan(200);
  });

  it('text dressed up as a data URL still counts as text', () => {
    const { shape } = requestOf(content({ type: 'image_url', image_url: { url: `data:text/plain;base64,${base64}` } }));
    expect(shape.textBytes).toBeGreaterThan(40_000);
  });

  it.each<[string, object]>([
    ['text', content({ type: 'text', text: 'hello' })],
    ['images by URL', content({ type: 'image_url', image_url: { url: 'https://img.example/a.png', detail: 'high' } })],
    [
      'function tools',
      {
        tools: [
          { type: 'function', function: { name: 'f' } },
          { type: 'custom', custom: {} },
        ],
      },
    ],
    ['an audio answer', { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'mp3' } }],
    ['null sources', { web_search_options: null, plugins: null, data_sources: null }],
    ['content that is null', { messages: [{ role: 'assistant', content: null, audio: null }] }],
  ])('%s leave it bounded', (_, fields) => {
    expect(requestOf(fields).shape.unbounded).toBeNull();
  });

  it.each<[string, object, string]>([
    ['a file', content({ type: 'file', file: { file_id: 'file-1' } }), 'messages[0].content[0]'],
    ['a part of an unknown kind', content({ type: 'text', text: '' }, { type: 'video_url' }), 'messages[0].content[1]'],
    ['a part without a kind', content({ image_url: {} }), 'messages[0].content[0]'],
    ['an image at its original size', content({ type: 'image_url', image_url: { detail: 'original' } }), 'messages[0]'],
    ['a stored audio answer', { messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }, 'messages[0].audio'],
    ['a tool of the provider', { tools: [{ type: 'function' }, { type: 'web_search' }] }, 'tools[1]'],
    ['a search of the provider', { web_search_options: {} }, 'web_search_options'],
    ['a data source of the provider', { data_sources: [{}] }, 'data_sources'],
    ['a plugin of the provider', { plugins: [{ id: 'web' }] }, 'plugins'],
  ])('%s leaves it unbounded, by name', (_, fields, name) => {
    expect(requestOf(fields).shape.unbounded).toContain(name);
  });
});
