import { USD_PATTERN } from '../core/money.ts';
import type { TextForm } from './field.ts';

/** The forms of text that several kinds share. Every pattern is RE2 (no lookaround, no backreference) and anchored. */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

/** metadata.name and references to it: a DNS-1123 subdomain. Ours are at most 63 long. */
export const OBJECT_NAME: TextForm = {
  pattern: new RegExp(`^${LABEL}(\\.${LABEL})*$`),
  max: 63,
  expected: 'a name of at most 63 lower case letters, digits, "-" and "." such as checkout-bot',
};

/** Names of other people's objects (Secrets) may be longer. */
export const LONG_OBJECT_NAME: TextForm = {
  ...OBJECT_NAME,
  max: 253,
  expected: 'a name of at most 253 lower case letters, digits, "-" and "." such as checkout-bot-key',
};

export const NAMESPACE: TextForm = {
  pattern: new RegExp(`^${LABEL}$`),
  max: 63,
  expected: 'a namespace: at most 63 lower case letters, digits and "-"',
};

/** Names of providers, tiers and installations: they become parts of paths and keys. */
export const LABEL_NAME: TextForm = {
  pattern: new RegExp(`^${LABEL}$`),
  max: 63,
  expected: 'a name of at most 63 lower case letters, digits and "-" such as prod-eu',
};

/** Names within one object: budgets, rules, channels, tiers. */
export const SHORT_NAME: TextForm = {
  pattern: new RegExp(`^${LABEL}$`),
  max: 32,
  expected: 'a name of at most 32 lower case letters, digits and "-" such as monthly',
};

export const SHORT_NAME_OR_ALL: TextForm = {
  pattern: new RegExp(`^([*]|${LABEL})$`),
  max: 32,
  expected: 'a budget\'s name, or "*" for all of them',
};

export const USD: TextForm = {
  pattern: USD_PATTERN,
  max: 19,
  expected: 'decimal USD in quotes with at most 9 integer and 9 fraction digits such as "12.50"',
};

/** Globs over model names: printable ASCII without the characters that separate lists and records. */
export const MODEL_GLOB: TextForm = {
  pattern: /^[A-Za-z0-9*._:/@+~-]+$/,
  max: 128,
  expected: 'a model name or glob of letters, digits and * . _ : / @ + ~ - such as gpt-5* or anthropic/claude-*',
};

/** A whole number of seconds, minutes, hours or days. */
export const DURATION: TextForm = {
  pattern: /^(0|[1-9][0-9]{0,5})[smhd]$/,
  max: 7,
  expected: 'a whole number of s, m, h or d such as 24h',
};

/** RFC 3339 with a zone; years 1000 to 2999, so that no zone leads out of what the API server can compare. */
export const TIMESTAMP: TextForm = {
  pattern:
    /^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/,
  max: 35,
  expected: 'a time such as "2027-01-01T00:00:00Z"',
};

/** Whether a text of the form {@link TIMESTAMP} is a time after 1970 that exists: no 30th of February. */
export function isInstant(value: string): boolean {
  try {
    return Temporal.Instant.from(value).epochNanoseconds > 0n;
  } catch {
    return false;
  }
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+";
const HOST_LABEL = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?';

/** One plain address: no display name, no quoted local part, no list, nothing that could end a mail header. */
export const EMAIL: TextForm = {
  pattern: new RegExp(`^${ATOM}(\\.${ATOM})*@${HOST_LABEL}(\\.${HOST_LABEL})+$`),
  max: 254,
  expected: 'one plain e-mail address such as ml@shop.example',
};

export const HTTPS_URL: TextForm = {
  pattern: /^https:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?$/,
  max: 2048,
  expected: 'an https URL without user name such as https://ops.example/hook',
  sensitive: true,
};

/** An end user of an application, as the application names him. */
export const CUSTOMER_ID: TextForm = {
  pattern: /^[A-Za-z0-9._@:+-]+$/,
  max: 128,
  expected: 'a customer id of at most 128 letters, digits and . _ @ : + -',
};

export const TAG_KEY: TextForm = {
  pattern: /^[A-Za-z][A-Za-z0-9_.-]*$/,
  max: 63,
  expected: 'a letter followed by at most 62 letters, digits, "_", "." and "-"',
};

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Milliseconds of a {@link DURATION} text. */
export function durationMs(duration: string): number {
  return Number(duration.slice(0, -1)) * (SECONDS[duration.slice(-1)] ?? Number.NaN) * 1000;
}
