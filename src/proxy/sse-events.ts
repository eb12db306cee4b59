const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const DATA = new TextEncoder().encode('data');

/** Finds where the events of a stream end, however it is cut into chunks. */
export interface EventSplitter {
  /** For the next chunk: the offsets after each event that ends in it. */
  ends(chunk: Uint8Array): readonly number[];
}

/**
 * Server-sent events end at a blank line; lines end with LF or CRLF (WHATWG HTML 9.2, but for the lone CR, which no
 * provider sends). A comment line between events counts as an event of its own, so that keep-alives are never held back.
 */
export function createEventSplitter(): EventSplitter {
  // The current line, of which earlier chunks may hold the beginning.
  let lineLength = 0;
  let lineFirst = -1;
  let betweenEvents = true;
  return {
    ends(chunk) {
      const ends: number[] = [];
      let at = 0;
      while (at < chunk.length) {
        const feed = chunk.indexOf(LF, at);
        const lineEnd = feed < 0 ? chunk.length : feed;
        if (lineLength === 0 && lineEnd > at) lineFirst = chunk[at] ?? -1;
        lineLength += lineEnd - at;
        at = lineEnd + 1;
        if (feed < 0) break;
        const isBlank = lineLength === 0 || (lineLength === 1 && lineFirst === CR);
        const isEnd = isBlank || (betweenEvents && lineFirst === COLON);
        if (isEnd) ends.push(at);
        betweenEvents = isEnd;
        lineLength = 0;
      }
      return ends;
    },
  };
}

/** A stretch of bytes, the end exclusive. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Where an event's `data` is, line by line, without the field name and the one space after it. */
export function dataLines(event: Uint8Array): readonly ByteRange[] {
  const lines: ByteRange[] = [];
  for (let start = 0; start < event.length;) {
    const feed = event.indexOf(LF, start);
    const next = feed < 0 ? event.length : feed + 1;
    let to = feed < 0 ? event.length : feed;
    if (event[to - 1] === CR && to > start) to -= 1;
    const colon = start + DATA.length;
    if (DATA.every((byte, index) => event[start + index] === byte) && event[colon] === COLON) {
      lines.push({ from: Math.min(event[colon + 1] === 0x20 ? colon + 2 : colon + 1, to), to });
    }
    start = next;
  }
  return lines;
}

/** The payload of an event: its data lines, joined by line feeds. */
export function eventPayload(event: Uint8Array, lines: readonly ByteRange[]): Uint8Array {
  const [only] = lines;
  if (only !== undefined && lines.length === 1) return event.subarray(only.from, only.to);
  const parts = lines.flatMap(({ from, to }, index) => [
    ...(index === 0 ? [] : [Uint8Array.of(LF)]),
    event.subarray(from, to),
  ]);
  return Buffer.concat(parts);
}

/** The event without a stretch of its payload; every other byte stays as it was. */
export function withoutPayload(event: Uint8Array, lines: readonly ByteRange[], cut: ByteRange): Uint8Array {
  const kept: Uint8Array[] = [];
  let at = 0;
  let offset = 0;
  for (const { from, to } of lines) {
    const length = to - from;
    kept.push(event.subarray(at, from + Math.min(Math.max(cut.from - offset, 0), length)));
    at = from + Math.min(Math.max(cut.to - offset, 0), length);
    offset += length + 1;
  }
  kept.push(event.subarray(at));
  return Buffer.concat(kept);
}
