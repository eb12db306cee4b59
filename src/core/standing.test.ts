import { describe, expect, it } from 'vitest';
import { readSubjectFields, type SubjectFields } from './ledger-fields.ts';
import type { CompiledBudget } from './record.ts';
import { standingOf } from './standing.ts';

const HOUR_MS = 3_600_000;

const hourly: CompiledBudget = {
  name: 'hourly',
  limit: 100n,
  soft: 50n,
  rule: { period: '1h', alignment: 'Calendar', anchor: null, timeZone: 'UTC', weekStart: 1 },
  models: [],
  mode: 'Enforce',
  overdraft: 'Deny',
  definition: 'def',
  raises: [],
};

function subject(fields: Record<string, string>): SubjectFields {
  const read = readSubjectFields(new Map(Object.entries(fields)));
  if (read === undefined) throw new Error('the fields can be read');
  return read;
}

/** Used in hours 1 and 2 of the epoch. */
const used = subject({
  'T.u': '100',
  'h.u': '30',
  'e.hourly': '7200:10800:def:3600000',
  'b.u.hourly.3600': '10',
  'b.u.hourly.7200': '40',
});

describe('where a budget stands', () => {
  it('is what was spent in its present window, what is held, and what they leave', () => {
    expect(standingOf(hourly, used, 2 * HOUR_MS)).toEqual({
      window: { startSeconds: 7200, endSeconds: 10_800 },
      limit: 100n,
      spent: 60n,
      held: 30n,
      remaining: 10n,
      state: 'Soft',
      previous: { window: { startSeconds: 3600, endSeconds: 7200 }, spent: 30n },
    });
  });

  it('is unspent in a window nobody has used yet; the one before is the last that was used', () => {
    expect(standingOf(hourly, used, 3 * HOUR_MS)).toMatchObject({
      window: { startSeconds: 10_800, endSeconds: 14_400 },
      spent: 0n,
      held: 30n,
      remaining: 70n,
      state: 'Ok',
      previous: { window: { startSeconds: 7200, endSeconds: 10_800 }, spent: 60n },
    });
  });

  it('has the limit that raises make, for as long as they hold', () => {
    const raised = { ...hourly, limit: 60n, raises: [{ amount: 31n, untilMs: 2.5 * HOUR_MS }] };
    expect(standingOf(raised, used, 2 * HOUR_MS)).toMatchObject({ limit: 91n, remaining: 1n, state: 'Soft' });
    expect(standingOf(raised, used, 2.5 * HOUR_MS)).toMatchObject({ limit: 60n, remaining: 0n, state: 'Exhausted' });
  });

  it('has no window before the first call, and nothing remaining is never less than nothing', () => {
    const standing = standingOf(hourly, subject({ 'T.u': '500', 'h.u': '101' }), 0);
    expect(standing).toMatchObject({ spent: 0n, remaining: 0n, state: 'Ok', previous: null });
    expect(standingOf({ ...hourly, limit: null }, used, 2 * HOUR_MS)).toMatchObject({ limit: null, remaining: null });
  });

  it('keeps the window that the ledger fixed, whatever the rule computes', () => {
    const shifted = subject({
      'T.u': '9',
      'e.hourly': '7500:11100:def:0',
      'b.u.hourly.3900': '1',
      'b.u.hourly.7500': '4',
    });
    expect(standingOf(hourly, shifted, 3 * HOUR_MS)).toMatchObject({
      window: { startSeconds: 7500, endSeconds: 11_100 },
      spent: 5n,
      previous: { window: null, spent: 3n },
    });
  });

  it('takes a budget by its own name only', () => {
    expect(standingOf({ ...hourly, name: 'constructor' }, used, 0)).toMatchObject({ spent: 0n, previous: null });
  });
});
