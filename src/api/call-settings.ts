import type { z } from 'zod';
import type { StatedCallPolicy, Unbounded } from '../core/call-policy.ts';
import { type Nanos, parseUsd } from '../core/money.ts';
import { assert } from '../core/assert.ts';
import { choice, integer, object, text } from './field.ts';
import { USD } from './form.ts';

/** `calls` of VirtualKey, Team and platform. The strictest of all that apply wins, member by member. */
export const callsSchema = object(
  'How calls are held and settled. The strictest of key, Team, User and platform wins.',
  {
    reservation: choice('How much a call reserves: nothing, an estimate (Auto), or the most it can cost.', [
      'None',
      'Estimate',
      'Max',
      'Auto',
    ]).exactOptional(),
    maxHold: text(
      'Decimal USD that no hold exceeds, unless a budget with overdraft Deny applies.',
      USD,
    ).exactOptional(),
    minOutputTokens: integer(
      'Under overdraft Deny: refuse a call that could afford fewer output tokens; absent is 64.',
      {
        min: 1,
        max: 1_000_000,
      },
    ).exactOptional(),
    onAbort: choice('When the client goes: Cancel (default) the answer, or Drain it and settle exactly.', [
      'Cancel',
      'Drain',
    ]).exactOptional(),
    unbounded: text(
      'Input that no request bounds (server-side tools, server-held state): Deny (default), ContextWindow, or decimal USD to reserve.',
      {
        pattern: /^(Deny|ContextWindow|(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?)$/,
        max: 19,
        expected: 'Deny, ContextWindow or decimal USD in quotes such as "2.50"',
      },
    ).exactOptional(),
    ledgerDown: choice('When the ledger is away: Deny (default) calls, or Allow what the last reply said was left.', [
      'Deny',
      'Allow',
    ]).exactOptional(),
  },
);

export type CallSettings = z.output<typeof callsSchema>;

/** The settings as the core reads them: amounts in nano-USD, Auto resolved. */
export function statedCallPolicy(calls: CallSettings | undefined): StatedCallPolicy {
  if (calls === undefined) return {};
  const { reservation, maxHold, unbounded, ...rest } = calls;
  return {
    ...rest,
    ...(reservation === undefined ? {} : { reservation: reservation === 'Auto' ? 'Estimate' : reservation }),
    ...(maxHold === undefined ? {} : { maxHold: checkedUsd(maxHold) }),
    ...(unbounded === undefined ? {} : { unbounded: readUnbounded(unbounded) }),
  };
}

function readUnbounded(written: string): Unbounded {
  if (written === 'Deny' || written === 'ContextWindow') return { type: written };
  return { type: 'Fixed', reserve: checkedUsd(written) };
}

function checkedUsd(written: string): Nanos {
  const nanos = parseUsd(written);
  assert(nanos !== undefined, `unchecked amount ${written}`);
  return nanos;
}
