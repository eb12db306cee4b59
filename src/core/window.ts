import { assert } from './assert.ts';

/** How a budget's windows follow each other. The rule is immutable per budget name (design section 3). */
export interface WindowRule {
  /** `1d`, `1mo`, `6h`, ...; null: one window for the budget's whole life. */
  readonly period: string | null;
  readonly alignment: 'Calendar' | 'Anchored';
  /** Local date-time in `timeZone`; with Anchored only. */
  readonly anchor: string | null;
  /** IANA name. */
  readonly timeZone: string;
  /** First day of a calendar week, 1 = Monday to 7 = Sunday; used by `1w` only. */
  readonly weekStart: number;
}

/** One concrete window, half-open: `start <= t < end`, in epoch seconds. `endSeconds` is null for lifetime. */
export interface Window {
  readonly startSeconds: number;
  readonly endSeconds: number | null;
}

export type PeriodUnit = 'm' | 'h' | 'd' | 'w' | 'mo' | 'q' | 'y';
export interface Period {
  readonly count: number;
  readonly unit: PeriodUnit;
}

/** Whether an instant, in epoch milliseconds, lies in a window. */
export function windowContains(window: Window, atMs: number): boolean {
  return window.startSeconds * 1000 <= atMs && (window.endSeconds === null || atMs < window.endSeconds * 1000);
}

export const LIFETIME: Window = { startSeconds: 0, endSeconds: null };
const MINUTES_PER_DAY = 1440;

/** Reads `30d`, `1mo`, `15m` (`m` is minutes, `mo` months). */
export function parsePeriod(text: string): Period | undefined {
  const match = /^([1-9][0-9]{0,3})(mo|[mhdwqy])$/.exec(text);
  if (match === null) return undefined;
  return { count: Number(match[1]), unit: match[2] as PeriodUnit };
}

/** True for an IANA zone (or UTC) that this build's time-zone data knows. Offsets such as `+02:00` are no zones. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/** True for a local date-time that exists in the calendar: `2026-11-02T09:00`, never `2026-02-30T00:00`. */
export function isAnchor(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$/.test(text)) return false;
  try {
    Temporal.PlainDateTime.from(text, { overflow: 'reject' });
    return true;
  } catch {
    return false;
  }
}

/** Whether a period can follow the calendar without an anchor: 1d, 1w (7d), 1mo, 1q, 1y, hours or minutes that divide a day. */
export function isCalendarPeriod(period: Period): boolean {
  if (period.unit === 'd') return period.count === 1 || period.count === 7;
  if (period.unit === 'h') return MINUTES_PER_DAY % (period.count * 60) === 0;
  if (period.unit === 'm') return MINUTES_PER_DAY % period.count === 0;
  return period.count === 1;
}

/** Why a rule cannot be computed, as a sentence for its author; undefined when it can. */
export function windowRuleProblem(rule: WindowRule): string | undefined {
  if (!isTimeZone(rule.timeZone)) return `timeZone "${rule.timeZone}" is not an IANA time zone such as Europe/Berlin`;
  if (rule.period === null) return undefined;
  const period = parsePeriod(rule.period);
  if (period === undefined) return `period "${rule.period}" is not a whole number and one of m, h, d, w, mo, q, y`;
  if (rule.alignment === 'Anchored') {
    if (rule.anchor === null) return 'alignment Anchored needs an anchor such as "2026-11-02T09:00"';
    return isAnchor(rule.anchor)
      ? undefined
      : `anchor "${rule.anchor}" is not a local date-time such as 2026-11-02T09:00`;
  }
  if (isCalendarPeriod(period)) return undefined;
  return `period "${rule.period}" does not follow the calendar: use 1d, 1w, 1mo, 1q, 1y or hours or minutes that divide a day, or set alignment: Anchored with an anchor`;
}

/**
 * The window of a rule that contains an instant. DST-exact: calendar windows start at local midnight (or the first
 * instant after it where a zone skips it) and sub-day windows at local clock times, so a day may have 23 or 25 hours.
 *
 * @param rule a rule without {@link windowRuleProblem}
 * @param atMs epoch milliseconds of ledger time
 */
export function windowAt(rule: WindowRule, atMs: number): Window {
  if (rule.period === null) return LIFETIME;
  const period = parsePeriod(rule.period);
  assert(period !== undefined, `unchecked period ${rule.period}`);
  const at = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(rule.timeZone);
  const window = rule.alignment === 'Anchored' ? anchoredWindow(rule, period, at) : calendarWindow(rule, period, at);
  assert(
    window.endSeconds !== null && window.startSeconds * 1000 <= atMs && atMs < window.endSeconds * 1000,
    `the window of ${rule.period} at ${atMs} is ${window.startSeconds}..${window.endSeconds}`,
  );
  return window;
}

function calendarWindow(rule: WindowRule, period: Period, at: Temporal.ZonedDateTime): Window {
  if (period.unit === 'h' || period.unit === 'm') return clockWindow(period, at);
  const date = at.toPlainDate();
  const [first, length] = calendarSpan(rule, period, date);
  return between(startOfDay(first, at.timeZoneId), startOfDay(first.add(length), at.timeZoneId));
}

function calendarSpan(
  rule: WindowRule,
  period: Period,
  date: Temporal.PlainDate,
): [Temporal.PlainDate, { days?: number; months?: number; years?: number }] {
  if (period.unit === 'mo') return [date.with({ day: 1 }), { months: 1 }];
  if (period.unit === 'q') return [date.with({ day: 1, month: date.month - ((date.month - 1) % 3) }), { months: 3 }];
  if (period.unit === 'y') return [date.with({ day: 1, month: 1 }), { years: 1 }];
  if (period.unit === 'd' && period.count === 1) return [date, { days: 1 }];
  return [date.subtract({ days: (date.dayOfWeek - rule.weekStart + 7) % 7 }), { days: 7 }];
}

/** Windows of hours or minutes: between consecutive distinct instants at which a local clock boundary falls. */
function clockWindow(period: Period, at: Temporal.ZonedDateTime): Window {
  const minutes = period.unit === 'h' ? period.count * 60 : period.count;
  const midnight = at.toPlainDate().toPlainDateTime();
  const elapsed = at.hour * 60 + at.minute;
  let boundary = midnight.add({ minutes: elapsed - (elapsed % minutes) });
  let next = boundary.add({ minutes });
  // Where clocks are set back a boundary's instant is its first occurrence, so the next one may already be past;
  // where they are set forward two boundaries may share one instant. Walk until the instant lies between.
  while (instantOf(next, at.timeZoneId) <= at.epochMilliseconds) {
    boundary = next;
    next = boundary.add({ minutes });
  }
  return {
    startSeconds: instantOf(boundary, at.timeZoneId) / 1000,
    endSeconds: instantOf(next, at.timeZoneId) / 1000,
  };
}

function anchoredWindow(rule: WindowRule, period: Period, at: Temporal.ZonedDateTime): Window {
  assert(rule.anchor !== null, 'an anchored rule has an anchor');
  const anchor = Temporal.PlainDateTime.from(rule.anchor);
  const boundary = (n: number): number => anchoredBoundary(anchor, rule.timeZone, period, n);
  const guessMs = period.count * APPROXIMATE_MS[period.unit];
  let n = Math.floor((at.epochMilliseconds - boundary(0)) / guessMs);
  while (boundary(n) > at.epochMilliseconds) n -= 1;
  while (boundary(n + 1) <= at.epochMilliseconds) n += 1;
  return { startSeconds: boundary(n) / 1000, endSeconds: boundary(n + 1) / 1000 };
}

/** Always counted from the anchor, so month ends clamp without drifting: Jan 31, Feb 28, Mar 31. */
function anchoredBoundary(anchor: Temporal.PlainDateTime, timeZone: string, period: Period, n: number): number {
  const amount = period.count * n;
  if (period.unit === 'h') return instantOf(anchor, timeZone) + amount * 3_600_000;
  if (period.unit === 'm') return instantOf(anchor, timeZone) + amount * 60_000;
  if (period.unit === 'd') return instantOf(anchor.add({ days: amount }), timeZone);
  if (period.unit === 'w') return instantOf(anchor.add({ weeks: amount }), timeZone);
  if (period.unit === 'mo') return instantOf(anchor.add({ months: amount }), timeZone);
  if (period.unit === 'q') return instantOf(anchor.add({ months: amount * 3 }), timeZone);
  return instantOf(anchor.add({ years: amount }), timeZone);
}

const APPROXIMATE_MS: Record<PeriodUnit, number> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  mo: 2_629_746_000,
  q: 7_889_238_000,
  y: 31_556_952_000,
};

function startOfDay(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds;
}

function instantOf(local: Temporal.PlainDateTime, timeZone: string): number {
  return local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
}

function between(startMs: number, endMs: number): Window {
  return { startSeconds: startMs / 1000, endSeconds: endMs / 1000 };
}

/** The rule as canonical text: two rules with equal text have equal windows. Part of a budget's definition. */
export function windowRuleText(rule: WindowRule): string {
  const period = rule.period === '7d' && rule.alignment === 'Calendar' ? '1w' : (rule.period ?? 'lifetime');
  if (rule.period === null) return period;
  const week = period === '1w' && rule.alignment === 'Calendar' ? rule.weekStart : '';
  return [period, rule.alignment, rule.anchor ?? '', rule.timeZone, week].join('|');
}
