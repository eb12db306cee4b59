import { type JsonMember, scanJsonObject } from './json-scan.ts';

const OPEN_OBJECT = 0x7b;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Asks for the usage chunk of a stream: sets `stream_options.include_usage` to true in the original bytes. Nothing else
 * is serialised again, so every other byte stays as the caller wrote it.
 *
 * @param members the body's top-level members; these and those of `stream_options` have no duplicates
 * @returns the same array when the body asks already
 */
export function withIncludeUsage(body: Uint8Array, members: readonly JsonMember[]): Uint8Array {
  const options = named(members, 'stream_options');
  if (options === undefined) {
    return withFirstMember(body, body.indexOf(OPEN_OBJECT), members, '"stream_options":{"include_usage":true}');
  }
  if (valueText(body, options) === 'null') return withValue(body, options, '{"include_usage":true}');
  const inner = scanJsonObject(body, options.valueStart).members;
  const include = named(inner, 'include_usage');
  if (include === undefined) return withFirstMember(body, options.valueStart, inner, '"include_usage":true');
  return valueText(body, include) === 'true' ? body : withValue(body, include, 'true');
}

/** The bytes to leave out so that an object loses a member and the comma that only this member needs. */
export function memberRange(members: readonly JsonMember[], member: JsonMember): { from: number; to: number } {
  const at = members.indexOf(member);
  const next = members[at + 1];
  if (next !== undefined) return { from: member.keyStart, to: next.keyStart };
  return { from: members[at - 1]?.valueEnd ?? member.keyStart, to: member.valueEnd };
}

function named(members: readonly JsonMember[], key: string): JsonMember | undefined {
  return members.find((member) => member.key === key);
}

function valueText(bytes: Uint8Array, member: JsonMember): string {
  return decoder.decode(bytes.subarray(member.valueStart, member.valueEnd));
}

function withValue(bytes: Uint8Array, member: JsonMember, text: string): Uint8Array {
  return replaced(bytes, member.valueStart, member.valueEnd, text);
}

/** Adds a member right after the opening brace of an object that has the given members. */
function withFirstMember(bytes: Uint8Array, brace: number, members: readonly JsonMember[], text: string): Uint8Array {
  return replaced(bytes, brace + 1, brace + 1, members.length === 0 ? text : `${text},`);
}

function replaced(bytes: Uint8Array, from: number, to: number, text: string): Uint8Array {
  const inserted = encoder.encode(text);
  const result = new Uint8Array(bytes.length - (to - from) + inserted.length);
  result.set(bytes.subarray(0, from));
  result.set(inserted, from);
  result.set(bytes.subarray(to), from + inserted.length);
  return result;
}
