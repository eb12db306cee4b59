import { assert } from '../core/assert.ts';

/** One member of a JSON object, by byte offsets: `bytes[keyStart]` is the key's opening quote, ends are exclusive. */
export interface JsonMember {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface JsonObjectScan {
  readonly members: readonly JsonMember[];
  /** Levels of objects and arrays, the scanned object being the first. */
  readonly depth: number;
  /** The member that contains a number beyond the range of a double, such as 1e999; null: none does. */
  readonly outOfRange: JsonMember | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const decoder = new TextDecoder();

/**
 * Finds the members of a JSON object without building values, so that bytes can be spliced and duplicate keys be seen,
 * which `JSON.parse` hides.
 *
 * @param bytes JSON that `JSON.parse` accepts: the scan leads itself by the grammar and checks none of it
 * @param start the offset of the object's opening brace, or of white space before it
 */
export function scanJsonObject(bytes: Uint8Array, start = 0): JsonObjectScan {
  const members: JsonMember[] = [];
  let depth = 1;
  let outOfRange: JsonMember | null = null;
  let at = skipSpace(bytes, start);
  assert(bytes[at] === OPEN_OBJECT, 'the scanned value is an object');
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CLOSE_OBJECT) {
    const keyStart = at;
    const keyEnd = stringEnd(bytes, keyStart);
    const valueStart = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
    const value = scanValue(bytes, valueStart);
    const key = JSON.parse(decoder.decode(bytes.subarray(keyStart, keyEnd))) as string;
    const member = { key, keyStart, valueStart, valueEnd: value.end };
    members.push(member);
    depth = Math.max(depth, value.depth + 1);
    if (value.outOfRange) outOfRange ??= member;
    at = skipSpace(bytes, value.end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return { members, depth, outOfRange };
}

interface ValueScan {
  readonly end: number;
  readonly depth: number;
  readonly outOfRange: boolean;
}

/** Walks over one value of any depth without recursion, so that a hostile depth cannot overflow the stack. */
function scanValue(bytes: Uint8Array, start: number): ValueScan {
  let at = start;
  let open = 0;
  let depth = 0;
  let outOfRange = false;
  do {
    const byte = bytes[at];
    assert(byte !== undefined, 'the scanned JSON is complete');
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      open += 1;
      depth = Math.max(depth, open);
      at += 1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      open -= 1;
      at += 1;
    } else if (byte === COLON || byte === COMMA || isSpace(byte)) {
      at += 1;
    } else {
      const end = literalEnd(bytes, at);
      // Short numbers are by far the most: they are passed over without a look.
      if (end - at > SHORT_LITERAL || hasExponent(bytes, at, end)) outOfRange ||= isOutOfRange(bytes.subarray(at, end));
      at = end;
    }
  } while (open > 0);
  return { end: at, depth, outOfRange };
}

/** The offset after the string that starts at `start`. Long strings are skipped by native search. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let quote = start;
  do {
    quote = bytes.indexOf(QUOTE, quote + 1);
    assert(quote > start, 'the scanned string is complete');
  } while (isEscaped(bytes, quote));
  return quote + 1;
}

/** A quote is escaped when an odd number of backslashes stands before it. */
function isEscaped(bytes: Uint8Array, quote: number): boolean {
  let before = quote - 1;
  while (bytes[before] === BACKSLASH) before -= 1;
  return (quote - before) % 2 === 0;
}

/** The offset after a number, `true`, `false` or `null`. */
function literalEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte !== undefined && !endsLiteral(byte); byte = bytes[at]) at += 1;
  return at;
}

function endsLiteral(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || isSpace(byte);
}

/** Only an exponent or hundreds of digits can leave the range of a double; other numbers are not converted. */
const SHORT_LITERAL = 300;

function hasExponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === 0x65 || bytes[at] === 0x45) return true;
  return false;
}

function isOutOfRange(literal: Uint8Array): boolean {
  const first = literal[0] ?? 0;
  const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
  if (!isNumber) return false;
  return !Number.isFinite(Number(decoder.decode(literal)));
}

function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte !== undefined && isSpace(byte); byte = bytes[at]) at += 1;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
