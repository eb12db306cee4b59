import { StringDecoder } from 'node:string_decoder';
import { KubeError, type KubeObject, type WatchEvent } from '../../ports/kube.ts';

/** etcd takes no object above 1.5 MiB; JSON and managed fields may make more of it. */
const MOST_CHARACTERS = 8 * 1_048_576;

/** Complete lines of a byte stream, however it is cut. @throws KubeError when a line never ends */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + decoder.write(Buffer.from(chunk))).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > MOST_CHARACTERS) throw broken('a line of the watch does not end');
  }
  if (rest.trim() !== '') throw broken('the watch was cut within a line');
}

/** Reads one line of a watch; undefined for one of a kind that this client does not know. @throws KubeError */
export function watchEvent(line: string): WatchEvent | undefined {
  const { type, object } = parse(line);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (typeof object?.metadata?.name !== 'string') throw broken('an event of the watch names no object');
      return { type, object };
    case 'BOOKMARK':
      return { type, resourceVersion: object?.metadata.resourceVersion ?? '' };
    case 'ERROR':
      throw errorEvent(object);
    default:
      return undefined;
  }
}

function errorEvent(status: object | undefined): KubeError {
  const { code, reason, message } = (status ?? {}) as { code?: number; reason?: string; message?: string };
  const isExpired = code === 410 || reason === 'Expired' || reason === 'Gone';
  return new KubeError(isExpired ? 'Expired' : 'Unavailable', `watch: ${message ?? 'an error event'}`);
}

function parse(line: string): { readonly type?: string; readonly object?: KubeObject } {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === 'object' && event !== null) return event;
  } catch {
    // Said below.
  }
  throw broken('a line of the watch is no JSON object');
}

function broken(message: string): KubeError {
  return new KubeError('Unavailable', message);
}
