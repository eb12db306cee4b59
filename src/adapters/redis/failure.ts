import { errorText } from '../../ports/log.ts';
import type { Away, Cold, Misconfigured } from '../../ports/ledger.ts';

export type Failure = Away | Cold | Misconfigured;

/** Error codes of a server that is there but cannot serve now; the command had no effect. */
const AWAY = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'READONLY',
  'TRYAGAIN',
  'UNKILLABLE',
]);

/** What a person who runs Redis must know about codes that stay until he acts. */
const ADVICE: Readonly<Record<string, string>> = {
  OOM: 'Redis has reached maxmemory: raise it (calls in flight still settle)',
  NOPERM: 'the Redis user lacks a permission that budgetd needs',
  NOAUTH: 'Redis wants a password and budgetd has none',
  WRONGPASS: 'Redis refuses the user or the password',
  WRONGTYPE: 'a key of the ledger has another type: something else wrote to it',
  CORRUPT: 'the data of the ledger was changed by something else',
  MOVED: 'this Redis is a cluster, which needs the cluster settings',
};

/** Never sent, so certainly without effect. */
const NOT_WRITABLE = /^Stream isn't writeable/;
const TIMED_OUT = /^Command timed out/;

/**
 * What an error of the client means for the caller.
 *
 * @param refusedBy the server's refusal of the last connection attempt, if that is why there is no connection
 */
export function failureOf(error: unknown, refusedBy: string | null): Away | Misconfigured {
  const message = errorText(error);
  if (error instanceof Error && error.name === 'ReplyError') return replyFailure(message);
  if (NOT_WRITABLE.test(message)) {
    return refusedBy === null ? { kind: 'away', cause: 'not connected', uncertain: false } : replyFailure(refusedBy);
  }
  // The command was written and its answer never came: it may have run, or may run later.
  const cause = TIMED_OUT.test(message) ? 'no answer in time' : `connection lost: ${message}`;
  return { kind: 'away', cause, uncertain: true };
}

function replyFailure(message: string): Away | Misconfigured {
  const code = errorCode(message);
  if (AWAY.has(code)) return { kind: 'away', cause: message, uncertain: false };
  return { kind: 'misconfigured', what: `${ADVICE[code] ?? 'Redis refuses a command'}: ${message}` };
}

/** The first word of an error reply. */
export function errorCode(message: string): string {
  return message.split(' ', 1)[0] ?? '';
}
