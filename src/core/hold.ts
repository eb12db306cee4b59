import { assert } from './assert.ts';
import type { Nanos } from './money.ts';
import { type Subject, SUBJECT_KINDS } from './subject.ts';

/** A hold's id for ever: one process start (UUID) and an ascending number within it. */
export interface HoldId {
  readonly proxy: string;
  readonly seq: number;
}

/** `u` counts every model; `f.<budget>` only the calls that match that budget's model filter. */
export type CounterClass = 'u' | `f.${string}`;

/** One counter that a call is charged to. */
export interface Charge {
  readonly subject: Subject;
  readonly counter: CounterClass;
}

/**
 * Money reserved for one call in flight: a self-contained record, so that a settle, a sweep or a replay needs no
 * present specification. Amounts in nano-USD, times in epoch milliseconds.
 */
export interface Hold {
  /** The proxy's estimate of ledger time at admission; lies in the validity of every window of the call. */
  readonly admittedMs: number;
  /** The end of the earliest window of the call, exclusive; a settle at or after it is late. Null: never. */
  readonly windowEndMs: number | null;
  readonly charges: readonly Charge[];
  readonly amount: Nanos;
  /** What a sweep books when the proxy is lost: the estimate or reported running cost; 0 under `onLost: Release`. */
  readonly onLost: Nanos;
}

/** The subject's part of a ledger key: `vkey:<ns>/<name>`, untrusted customer ids in base64url. */
export function subjectKey(subject: Subject): string {
  const name = subject.kind === 'customer' ? toBase64Url(subject.name) : subject.name;
  return `${subject.kind}:${subject.namespace}/${name}`;
}

/** Reads {@link subjectKey} back. */
export function parseSubjectKey(key: string): Subject {
  const match = /^([a-z]+):([^/]+)\/(.+)$/.exec(key);
  const kind = SUBJECT_KINDS.find((candidate) => candidate === match?.[1]);
  assert(match !== null && kind !== undefined, `not a subject key: ${key}`);
  const [, , namespace = '', name = ''] = match;
  return { kind, namespace, name: kind === 'customer' ? fromBase64Url(name) : name };
}

/**
 * The hold as the ledger stores it: `o<admitted>|<window end or ->|<charge>;<charge>|<amount>|<on lost>`. The part up
 * to the third bar identifies the call; the amounts may be raised by a heartbeat.
 */
export function encodeHold(hold: Hold): string {
  const charges = hold.charges.map((charge) => `${subjectKey(charge.subject)},${charge.counter}`).join(';');
  return `o${hold.admittedMs}|${hold.windowEndMs ?? '-'}|${charges}|${hold.amount}|${hold.onLost}`;
}

/** Reads {@link encodeHold} back. */
export function decodeHold(text: string): Hold {
  const [admitted = '', end = '', charges = '', amount = '', onLost = '', ...rest] = text.split('|');
  assert(/^o[0-9]+$/.test(admitted) && rest.length === 0 && onLost !== '', `not a hold record: ${text}`);
  return {
    admittedMs: Number(admitted.slice(1)),
    windowEndMs: end === '-' ? null : Number(end),
    charges: charges.split(';').map(decodeCharge),
    amount: BigInt(amount),
    onLost: BigInt(onLost),
  };
}

function decodeCharge(text: string): Charge {
  const comma = text.lastIndexOf(',');
  return { subject: parseSubjectKey(text.slice(0, comma)), counter: text.slice(comma + 1) as CounterClass };
}

function toBase64Url(text: string): string {
  return new TextEncoder().encode(text).toBase64({ alphabet: 'base64url', omitPadding: true });
}

function fromBase64Url(text: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(text, { alphabet: 'base64url' }));
}
