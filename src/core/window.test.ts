import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isAnchor,
  isTimeZone,
  LIFETIME,
  parsePeriod,
  type Window,
  windowAt,
  type WindowRule,
  windowRuleProblem,
  windowRuleText,
} from './window.ts';

const CALENDAR_PERIODS = ['1m', '15m', '90m', '1h', '6h', '12h', '24h', '1d', '7d', '1w', '1mo', '1q', '1y'];
const ANCHORED_PERIODS = [...CALENDAR_PERIODS, '30d', '14d', '2w', '5mo', '2q', '3y', '7h', '50m'];
/** Zones that skip midnight, shift by half an hour, skip a whole day, or have no summer time. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'Asia/Beirut',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'Pacific/Chatham',
];
const ANCHORS = ['2024-01-31T09:00', '2024-02-29T00:00', '2026-11-02T09:00', '2026-03-29T02:30', '2030-12-31T23:59:59'];

function rule(change: Partial<WindowRule>): WindowRule {
  return { period: '1d', alignment: 'Calendar', anchor: null, timeZone: 'UTC', weekStart: 1, ...change };
}

function text({ startSeconds, endSeconds }: Window): string {
  return [startSeconds, endSeconds ?? 0]
    .map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 16))
    .join(' to ');
}

describe('a window, as a sentence', () => {
  const berlin = { timeZone: 'Europe/Berlin' };
  const monthEnd = { period: '1mo', alignment: 'Anchored', anchor: '2024-01-31T00:00' } as const;
  it.each<[string, Partial<WindowRule>, string, string]>([
    ['a day in UTC', {}, '2026-11-25T13:00Z', '2026-11-25T00:00 to 2026-11-26T00:00'],
    ['its first instant belongs to it', {}, '2026-11-25T00:00Z', '2026-11-25T00:00 to 2026-11-26T00:00'],
    ['its last millisecond too', {}, '2026-11-25T23:59:59.999Z', '2026-11-25T00:00 to 2026-11-26T00:00'],
    ['a day of 23 hours', berlin, '2026-03-29T12:00Z', '2026-03-28T23:00 to 2026-03-29T22:00'],
    ['a day of 25 hours', berlin, '2026-10-25T12:00Z', '2026-10-24T22:00 to 2026-10-25T23:00'],
    [
      'a day whose midnight is skipped',
      { timeZone: 'America/Sao_Paulo' },
      '2018-11-04T12:00Z',
      '2018-11-04T03:00 to 2018-11-05T02:00',
    ],
    ['a week from Monday', { period: '1w' }, '2026-11-25T12:00Z', '2026-11-23T00:00 to 2026-11-30T00:00'],
    ['a week from Sunday', { period: '1w', weekStart: 7 }, '2026-11-25T12:00Z', '2026-11-22T00:00 to 2026-11-29T00:00'],
    ['seven days are a week', { period: '7d' }, '2026-11-25T12:00Z', '2026-11-23T00:00 to 2026-11-30T00:00'],
    ['a month', { period: '1mo', ...berlin }, '2026-11-30T23:30Z', '2026-11-30T23:00 to 2026-12-31T23:00'],
    ['a leap February', { period: '1mo' }, '2028-02-29T12:00Z', '2028-02-01T00:00 to 2028-03-01T00:00'],
    ['a quarter', { period: '1q' }, '2026-05-31T12:00Z', '2026-04-01T00:00 to 2026-07-01T00:00'],
    ['a year', { period: '1y' }, '2028-12-31T23:00Z', '2028-01-01T00:00 to 2029-01-01T00:00'],
    [
      'six hours by the clock',
      { period: '6h', ...berlin },
      '2026-11-25T12:00Z',
      '2026-11-25T11:00 to 2026-11-25T17:00',
    ],
    [
      'six hours that lose one',
      { period: '6h', ...berlin },
      '2026-03-29T01:30Z',
      '2026-03-28T23:00 to 2026-03-29T04:00',
    ],
    [
      'the hour that is lived twice is one window',
      { period: '1h', ...berlin },
      '2026-10-25T01:30Z',
      '2026-10-25T00:00 to 2026-10-25T02:00',
    ],
    [
      'of smaller windows the last before the change grows',
      { period: '15m', ...berlin },
      '2026-10-25T01:10Z',
      '2026-10-25T00:45 to 2026-10-25T02:00',
    ],
    ['a month from its 31st', monthEnd, '2024-02-10T00:00Z', '2024-01-31T00:00 to 2024-02-29T00:00'],
    ['the next one is back on the 31st', monthEnd, '2024-03-10T00:00Z', '2024-02-29T00:00 to 2024-03-31T00:00'],
    ['before the anchor there are windows too', monthEnd, '2023-12-31T00:00Z', '2023-12-31T00:00 to 2024-01-31T00:00'],
    [
      'a leap year from February 29',
      { period: '1y', alignment: 'Anchored', anchor: '2024-02-29T00:00' },
      '2025-06-01T00:00Z',
      '2025-02-28T00:00 to 2026-02-28T00:00',
    ],
    [
      'thirty days from an anchor',
      { period: '30d', alignment: 'Anchored', anchor: '2026-11-02T09:00', ...berlin },
      '2026-12-02T07:59Z',
      '2026-11-02T08:00 to 2026-12-02T08:00',
    ],
    [
      'anchored days keep the local time',
      { alignment: 'Anchored', anchor: '2026-03-27T09:00', ...berlin },
      '2026-03-29T08:00Z',
      '2026-03-29T07:00 to 2026-03-30T07:00',
    ],
  ])('%s', (_, change, at, expected) => {
    const checked = rule(change);
    expect(windowRuleProblem(checked)).toBeUndefined();
    expect(text(windowAt(checked, Date.parse(at)))).toBe(expected);
  });

  it('a lifetime budget has one window for ever', () => {
    expect(windowAt(rule({ period: null }), 0)).toBe(LIFETIME);
    expect(windowAt(rule({ period: null }), 9e15)).toBe(LIFETIME);
  });
});

describe('the windows of any rule', () => {
  const timeZone = fc.constantFrom(...ZONES);
  const weekStart = fc.integer({ min: 1, max: 7 });
  const rules = fc.oneof(
    fc.record({ period: fc.constantFrom(...CALENDAR_PERIODS), timeZone, weekStart }).map(rule),
    fc
      .record({
        period: fc.constantFrom(...ANCHORED_PERIODS),
        timeZone,
        weekStart,
        anchor: fc.constantFrom(...ANCHORS),
      })
      .map((parts) => rule({ ...parts, alignment: 'Anchored' })),
  );
  const from = Date.parse('2008-01-01');
  const anywhere = fc.integer({ min: from, max: Date.parse('2036-01-01') });
  /** Around changes of clocks, where windows are hard. */
  const changes = [
    '2011-12-30T10:00Z',
    '2018-11-04T03:00Z',
    '2026-03-29T01:00Z',
    '2026-10-25T01:00Z',
    '2026-04-04T15:00Z',
    '2026-11-01T05:00Z',
  ];
  const nearChange = fc
    .tuple(
      fc.constantFrom(...changes),
      fc.oneof(fc.integer({ min: -7_200_000, max: 7_200_000 }), fc.integer({ min: -90_000_000, max: 90_000_000 })),
    )
    .map(([at, offset]) => Date.parse(at) + offset);
  const instants = fc.oneof(anywhere, nearChange);

  it('contain their instant and meet without gap or overlap', () => {
    fc.assert(
      fc.property(rules, instants, (anyRule, atMs) => {
        const window = windowAt(anyRule, atMs);
        const end = window.endSeconds ?? Infinity;
        expect(window.startSeconds * 1000 <= atMs && atMs < end * 1000).toBe(true);
        expect(windowAt(anyRule, end * 1000).startSeconds).toBe(end);
        expect(windowAt(anyRule, window.startSeconds * 1000 - 1).endSeconds).toBe(window.startSeconds);
      }),
      { numRuns: 1_500 },
    );
  });

  it('are the same from wherever within them one looks', () => {
    fc.assert(
      fc.property(
        rules,
        instants,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (anyRule, atMs, share) => {
          const window = windowAt(anyRule, atMs);
          const start = window.startSeconds * 1000;
          const inside = start + Math.floor(((window.endSeconds ?? 0) * 1000 - start) * share);
          expect(windowAt(anyRule, inside)).toEqual(window);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('differ only where the text of their rules differs', () => {
    fc.assert(
      fc.property(rules, weekStart, instants, (one, otherStart, atMs) => {
        const other = { ...one, weekStart: otherStart };
        const sameText = windowRuleText(one) === windowRuleText(other);
        const sameWindow = windowAt(one, atMs).startSeconds === windowAt(other, atMs).startSeconds;
        expect(sameWindow).toBe(sameText);
      }),
    );
  });
});

describe('windowRuleProblem', () => {
  const anchored = { alignment: 'Anchored', anchor: '2026-11-02T09:00' } as const;
  it.each<[string, Partial<WindowRule>, RegExp | undefined]>([
    ['a calendar day is fine', {}, undefined],
    ['a lifetime needs no calendar', { period: null }, undefined],
    ['thirty days need an anchor, or mean a month', { period: '30d' }, /use 1d, 1w, 1mo/],
    ['seven hours do not divide a day', { period: '7h' }, /divide a day/],
    ['two months do not follow the calendar', { period: '2mo' }, /set alignment: Anchored/],
    ['with an anchor any length is fine', { period: '30d', ...anchored }, undefined],
    ['zero is no length', { period: '0s' }, /not a whole number/],
    ['seconds are no unit', { period: '30s' }, /one of m, h, d/],
    ['an anchored rule needs its anchor', { alignment: 'Anchored' }, /needs an anchor/],
    ['February 30 is no anchor', { ...anchored, anchor: '2026-02-30T00:00' }, /not a local date-time/],
    ['an anchor has no zone of its own', { ...anchored, anchor: '2026-02-01T00:00Z' }, /not a local date-time/],
    ['a made-up zone is none', { timeZone: 'Europe/Atlantis' }, /not an IANA time zone/],
    ['an offset is no zone', { timeZone: '+02:00' }, /not an IANA time zone/],
  ])('%s', (_, change, problem) => {
    const found = windowRuleProblem(rule(change));
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });

  it('knows every zone that the properties above use', () => {
    expect(ZONES.filter((zone) => !isTimeZone(zone))).toEqual([]);
    expect(ANCHORS.filter((anchor) => !isAnchor(anchor))).toEqual([]);
  });
});

describe('parsePeriod', () => {
  it.each([
    ['15m', { count: 15, unit: 'm' }],
    ['1mo', { count: 1, unit: 'mo' }],
    ['9999y', { count: 9999, unit: 'y' }],
    ['10000d', undefined],
    ['0d', undefined],
    ['1.5h', undefined],
    ['d', undefined],
    ['1D', undefined],
    ['-1d', undefined],
  ])('%s', (period, parsed) => {
    expect(parsePeriod(period)).toEqual(parsed);
  });
});

describe('windowRuleText', () => {
  it.each<[string, Partial<WindowRule>, Partial<WindowRule>, boolean]>([
    ['seven days and a week are one window', { period: '7d' }, { period: '1w' }, true],
    ['weeks that start on other days are not', { period: '1w' }, { period: '1w', weekStart: 7 }, false],
    ['the week start of a day does not matter', {}, { weekStart: 7 }, true],
    ['another zone is another window', {}, { timeZone: 'Europe/Berlin' }, false],
    ['a lifetime has no zone', { period: null }, { period: null, timeZone: 'Europe/Berlin' }, true],
  ])('%s', (_, one, other, same) => {
    expect(windowRuleText(rule(one)) === windowRuleText(rule(other))).toBe(same);
  });
});
