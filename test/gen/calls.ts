import type { Claim } from '../../src/ports/ledger-writer.ts';
import type { Overdraft } from '../../src/core/decide.ts';
import type { CounterClass, Hold, HoldId } from '../../src/core/hold.ts';
import type { Nanos } from '../../src/core/money.ts';
import type { Subject, SubjectKind } from '../../src/core/subject.ts';
import { LIFETIME, type Window, windowAt } from '../../src/core/window.ts';
import type { ReserveBudget, ReserveCall, ReserveGroup, Settle } from '../../src/ports/ledger.ts';

/** A Wednesday in the middle of a month, an hour and a day. */
export const NOON = Date.UTC(2026, 10, 25, 12, 30);
export const PLATFORM = 'platform-1';
export const REVISION = '1';
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function subject(kind: SubjectKind = 'vkey', name = 'bot', namespace = 'shop'): Subject {
  return { kind, namespace, name };
}

/** The calendar window, in UTC, of a period that contains an instant; null: lifetime. */
export function calendar(period: string | null, atMs: number): Window {
  if (period === null) return LIFETIME;
  return windowAt({ period, alignment: 'Calendar', anchor: null, timeZone: 'UTC', weekStart: 1 }, atMs);
}

export interface BudgetSpec {
  readonly name: string;
  readonly period: string | null;
  readonly limit: Nanos | null;
  readonly overdraft: Overdraft;
  readonly definition: string;
  /** Instead of the calendar's. */
  readonly window?: Window;
}

export function budget(spec: Partial<BudgetSpec> = {}): BudgetSpec {
  return { name: 'daily', period: '1d', limit: 1000n, overdraft: 'Deny', definition: 'def-1', ...spec };
}

export interface GroupSpec {
  readonly subject: Subject;
  readonly counter: CounterClass;
  readonly revision: string;
  readonly budgets: readonly BudgetSpec[];
}

export function group(spec: Partial<GroupSpec> = {}): GroupSpec {
  return { subject: subject(), counter: 'u', revision: REVISION, budgets: [budget()], ...spec };
}

export interface CallSpec {
  readonly proxy: string;
  readonly seq: number;
  readonly amount: Nanos;
  readonly onLost: Nanos;
  readonly groups: readonly GroupSpec[];
  readonly platformRevision: string;
  readonly free: boolean;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A call as a proxy would send it at `nowMs` of ledger time. */
export function call(nowMs: number, spec: Partial<CallSpec> = {}): ReserveCall {
  const { proxy = 'proxy-1', seq = 1, amount = 100n, groups = [group()] } = spec;
  const compiled = groups.map((one) => compile(one, nowMs));
  const windows = compiled.flatMap((one) => one.budgets.map((each) => each.window));
  const startMs = Math.max(...windows.map((window) => window.startSeconds * SECOND), nowMs - 5 * SECOND);
  const ends = windows.flatMap((window) => (window.endSeconds === null ? [] : [window.endSeconds * SECOND]));
  const hold: Hold = {
    admittedMs: nowMs,
    windowEndMs: ends.length === 0 ? null : Math.min(...ends),
    charges: groups.map((one) => ({ subject: one.subject, counter: one.counter })),
    amount,
    onLost: spec.onLost ?? amount,
  };
  return {
    id: { proxy, seq },
    platformRevision: spec.platformRevision ?? PLATFORM,
    fromMs: spec.fromMs ?? startMs,
    untilMs: spec.untilMs ?? Math.min(...ends, nowMs + 5 * SECOND),
    hold,
    groups: compiled,
    free: spec.free ?? false,
  };
}

function compile({ subject: who, counter, revision, budgets }: GroupSpec, nowMs: number): ReserveGroup {
  return {
    subject: who,
    counter,
    revision,
    budgets: budgets.map(({ name, period, limit, overdraft, definition, window }): ReserveBudget => ({
      name,
      limit,
      overdraft,
      definition,
      window: window ?? calendar(period, nowMs),
    })),
  };
}

/** The settle of a call. */
export function settleOf(
  { id, hold }: { readonly id: HoldId; readonly hold: Hold },
  actual: Nanos,
  extra: Partial<Settle> = {},
): Settle {
  return { id, hold, actual, usage: null, low: 0, ...extra };
}

/** Claims of a ledger without and with earlier data, by no cluster. */
export const NEW: Claim = { knownBefore: false, term: null, cluster: null };
export const KNOWN: Claim = { ...NEW, knownBefore: true };
