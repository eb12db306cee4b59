import type { CallShape } from '../core/estimate.ts';
import { readInputShape } from './chat-request-shape.ts';
import { isFields, type JsonFields } from './json-fields.ts';
import { type JsonMember, type JsonObjectScan, scanJsonObject } from './json-scan.ts';

/** What admission, metering and {@link withIncludeUsage} need to know of a chat completion request. */
export interface ChatRequest {
  /** As the caller wrote it, 1 to 256 characters, untrusted. */
  readonly model: string;
  readonly stream: boolean;
  /** Whether the caller asked for the usage chunk of a stream himself. */
  readonly includeUsage: boolean;
  readonly shape: CallShape;
  /** Where the body's top-level members are. */
  readonly members: readonly JsonMember[];
}

export type ChatRequestReading =
  | { readonly kind: 'ok'; readonly request: ChatRequest }
  | Bad<'invalid_request'>
  | Bad<'unsupported_media_type'>;

interface Bad<Code extends string> {
  readonly kind: 'bad';
  readonly code: Code;
  /** Names the field and what is allowed; never repeats a value. */
  readonly message: string;
  /** The top-level member at fault, for `error.param`. */
  readonly param: string | null;
}

/** A body that is JSON: its parsed members, and the same by bytes. */
interface Body {
  readonly bytes: Uint8Array;
  readonly fields: JsonFields;
  readonly scan: JsonObjectScan;
}
/** A rule that a body must keep: the fault it has, or null. */
type Rule = (body: Body) => Fault | null;
interface Fault {
  readonly message: string;
  readonly param: string | null;
}

const MAX_DEPTH = 64;
const MAX_MEMBERS = 256;
const MAX_CHOICES = 128;
const MAX_MODEL_LENGTH = 256;

/**
 * Members with which a caller would choose where the call goes or what answers it, past the configuration: relays obey
 * them. `models`, `fallbacks` and `model_list` name other models than the one that was checked.
 */
const CALLER_CHOSEN =
  'api_base base_url api_key api_type api_version azure_endpoint azure_ad_token custom_llm_provider extra_body ' +
  'extra_headers default_headers headers proxy models fallbacks model_list';
/** Names that change what an object is, once a careless server copies members into one. */
const POISONOUS = '__proto__ constructor';
const REFUSED_MEMBERS = `${POISONOUS} ${CALLER_CHOSEN}`.split(' ');

/**
 * Reads the body of `POST /v1/chat/completions`: what decides about money is checked, everything else is passed on for
 * the provider to judge. One `JSON.parse`, nothing is serialised again.
 */
export function readChatRequest(bytes: Uint8Array, contentType: string | undefined): ChatRequestReading {
  if (!/^application\/json(?: ?; ?charset="?utf-8"?)?$/i.test(contentType ?? '')) {
    const message = 'content-type must be application/json, in UTF-8';
    return { kind: 'bad', code: 'unsupported_media_type', message, param: null };
  }
  const fields = parseObject(bytes);
  if (typeof fields === 'string') return bad({ message: fields, param: null });
  const body = { bytes, fields, scan: scanJsonObject(bytes) };
  for (const rule of RULES) {
    const fault = rule(body);
    if (fault !== null) return bad(fault);
  }
  return { kind: 'ok', request: requestOf(body) };
}

/** Only for bodies that keep every rule. */
function requestOf({ bytes, fields, scan }: Body): ChatRequest {
  // Servers differ in which of the two caps they obey, so the larger one counts.
  const caps = [fields['max_tokens'], fields['max_completion_tokens']].filter((cap) => typeof cap === 'number');
  const outputCap = caps.length === 0 ? null : Math.max(...caps);
  const choices = Math.max(Number(fields['n'] ?? 1), Number(fields['best_of'] ?? 1));
  const options = fields['stream_options'];
  return {
    model: String(fields['model']),
    stream: fields['stream'] === true,
    includeUsage: isFields(options) && options['include_usage'] === true,
    shape: { ...readInputShape(fields, bytes.length), outputCap, choices },
    members: scan.members,
  };
}

function bad(fault: Fault): Bad<'invalid_request'> {
  return { kind: 'bad', code: 'invalid_request', ...fault };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The body's members, or what is wrong with it. */
function parseObject(body: Uint8Array): JsonFields | string {
  let value: unknown;
  try {
    const text = decoder.decode(body);
    if (text.startsWith('\uFEFF')) return 'the body starts with a byte order mark: send plain UTF-8';
    value = JSON.parse(text);
  } catch {
    return 'the body is not valid JSON in UTF-8';
  }
  return isFields(value) ? value : 'the body must be a JSON object';
}

/** In this order: a rule may rely on the ones before it. */
const RULES: readonly Rule[] = [
  ({ scan }) =>
    scan.members.length > MAX_MEMBERS
      ? { message: `the body has more than ${MAX_MEMBERS} members`, param: null }
      : null,
  ({ scan }) => repeated(scan.members),
  ({ scan }) =>
    scan.depth > MAX_DEPTH ? { message: `the body is nested deeper than ${MAX_DEPTH} levels`, param: null } : null,
  ({ scan }) => (scan.outOfRange === null ? null : faultIn(scan.outOfRange, 'contains a number that is out of range')),
  ({ fields }) => {
    const found = REFUSED_MEMBERS.find((name) => Object.hasOwn(fields, name));
    return found === undefined ? null : { message: `${found} is not accepted in a request`, param: found };
  },
  ({ fields: { model } }) => {
    const ok = typeof model === 'string' && model.length > 0 && model.length <= MAX_MODEL_LENGTH;
    return ok ? null : { message: `model must be a string of 1 to ${MAX_MODEL_LENGTH} characters`, param: 'model' };
  },
  ({ fields }) => expect(fields, 'stream', isBoolean, 'true or false'),
  ({ fields }) => expect(fields, 'max_tokens', isCap, 'a positive integer'),
  ({ fields }) => expect(fields, 'max_completion_tokens', isCap, 'a positive integer'),
  ({ fields }) => expect(fields, 'n', isChoices, `an integer from 1 to ${MAX_CHOICES}`),
  ({ fields }) => expect(fields, 'best_of', isChoices, `an integer from 1 to ${MAX_CHOICES}`),
  // Other tiers cost more than the price list says.
  ({ fields }) => expect(fields, 'service_tier', isStandardTier, 'auto, default or flex'),
  ({ fields }) => expect(fields, 'stream_options', isFields, 'an object'),
  ({ bytes, fields, scan }) => {
    const options = fields['stream_options'];
    const member = scan.members.find(({ key }) => key === 'stream_options');
    if (!isFields(options) || member === undefined) return null;
    const found =
      repeated(scanJsonObject(bytes, member.valueStart).members) ??
      expect(options, 'include_usage', isBoolean, 'true or false');
    return found && { message: `stream_options.${found.message}`, param: 'stream_options' };
  },
];

const isStandardTier = (value: unknown): boolean => value === 'auto' || value === 'default' || value === 'flex';
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isCap = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;
const isChoices = (value: unknown): boolean => isCap(value) && Number(value) <= MAX_CHOICES;

/** A duplicate would let a request be checked by its first value and be served by its last. */
function repeated(members: readonly JsonMember[]): Fault | null {
  const seen = new Set<string>();
  for (const member of members) {
    if (seen.has(member.key)) return faultIn(member, 'is given more than once');
    seen.add(member.key);
  }
  return null;
}

/** A member that is absent or null keeps every rule. */
function expect(fields: JsonFields, name: string, allowed: (value: unknown) => boolean, what: string): Fault | null {
  const value = fields[name] ?? null;
  return value === null || allowed(value) ? null : { message: `${name} must be ${what}`, param: name };
}

/** Names the member only if its name is one that an API could have: a caller may have put a secret there. */
function faultIn({ key }: JsonMember, what: string): Fault {
  const isName = /^[a-z_]{1,40}$/.test(key);
  return { message: `${isName ? key : 'a member'} ${what}`, param: isName ? key : null };
}
