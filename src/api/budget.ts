import type { z } from 'zod';
import { parseUsd } from '../core/money.ts';
import { isAnchor, type WindowRule, windowRuleProblem } from '../core/window.ts';
import { choice, listMap, object, set, text } from './field.ts';
import { MODEL_GLOB, SHORT_NAME, USD } from './form.ts';
import { immutable, withRules } from './rule.ts';

export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** Globs over model names, as allow-list or filter. */
export function models(description: string): z.ZodArray<z.ZodString> {
  return set(description, text('Model name or glob with "*".', MODEL_GLOB), { max: 32, min: 1 });
}

const timeZone = withRules(
  text('IANA time zone in which the calendar is read; absent is UTC.', {
    pattern: /^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/,
    max: 48,
    expected: 'an IANA time zone such as Europe/Berlin',
  }),
  [
    {
      // The evaluation itself fails for a zone that the API server does not know; these two it would know.
      cel: "!(self in ['Local', 'Factory']) && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",
      message: 'must be an IANA time zone such as Europe/Berlin, in its own spelling',
      holds: isSpelledZone,
      problem: (zone) => windowRuleProblem({ ...windowRuleOf({}), timeZone: zone }),
    },
  ],
);

const DAYS_IN_MONTH =
  "self.substring(5, 7) in ['04', '06', '09', '11'] ? 30 : self.substring(5, 7) != '02' ? 31 : " +
  'int(self.substring(0, 4)) % 4 == 0 && (int(self.substring(0, 4)) % 100 != 0 || int(self.substring(0, 4)) % 400 == 0) ? 29 : 28';

const anchor = withRules(
  text('Local date-time in timeZone that one window starts at; with alignment Anchored only.', {
    pattern:
      /^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$/,
    max: 19,
    expected: 'a local date-time between 1900 and 2199 such as "2026-11-02T09:00"',
  }),
  [
    {
      cel: `int(self.substring(8, 10)) <= (${DAYS_IN_MONTH})`,
      message: 'must be a day that exists',
      holds: isAnchor,
    },
  ],
);

const members = {
  name: text('Unique within the subject. Counters are kept under this name.', SHORT_NAME),
  limit: text(
    'Decimal USD in quotes, at most 9 integer and 9 fraction digits; "0" denies every priced call.',
    USD,
  ).exactOptional(),
  softLimit: text('Decimal USD at which the budget warns; never blocks. At most limit.', USD).exactOptional(),
  period: text('How often the budget starts afresh: 1d, 1w, 1mo, 1q, 1y, 6h, 30d; absent is lifetime.', {
    pattern: /^[1-9][0-9]{0,3}(mo|[mhdwqy])$/,
    max: 6,
    expected: 'a period: a whole number and one of m (minutes), h, d, w, mo (months), q, y, such as 1mo',
  }).exactOptional(),
  alignment: choice('Calendar (default): windows follow the calendar. Anchored: they are counted from anchor.', [
    'Calendar',
    'Anchored',
  ]).exactOptional(),
  anchor: anchor.exactOptional(),
  timeZone: timeZone.exactOptional(),
  weekStart: choice('First day of a calendar week, with period 1w only; absent is Monday.', WEEKDAYS).exactOptional(),
  models: models('Only calls to these models count against this budget; absent is all.').exactOptional(),
  mode: choice('Enforce (default): refuse calls. Observe: count and alert, never refuse.', [
    'Enforce',
    'Observe',
  ]).exactOptional(),
  overdraft: choice('Allow (default): the call that crosses the limit is served. Deny: never past the limit.', [
    'Allow',
    'Deny',
  ]).exactOptional(),
};

const ANOTHER_WINDOW = 'a different window is a different budget, add it under a new name';
const CALENDAR_PERIOD =
  "self.period in ['1d', '7d', '1w', '1mo', '1q', '1y'] || " +
  "self.period.endsWith('h') && 24 % int(self.period.substring(0, size(self.period) - 1)) == 0 || " +
  "self.period.endsWith('m') && 1440 % int(self.period.substring(0, size(self.period) - 1)) == 0";

export const budgetSchema = object('A named limit.', members, [
  {
    cel: 'has(self.limit) || has(self.softLimit)',
    message: 'limit or softLimit is required',
    holds: ({ limit, softLimit }) => limit !== undefined || softLimit !== undefined,
  },
  {
    cel: '!has(self.limit) || !has(self.softLimit) || quantity(self.softLimit).compareTo(quantity(self.limit)) <= 0',
    message: 'softLimit must not be above limit',
    holds: ({ limit, softLimit }) =>
      limit === undefined || softLimit === undefined || (parseUsd(softLimit) ?? 0n) <= (parseUsd(limit) ?? 0n),
    field: 'softLimit',
  },
  {
    cel: 'has(self.period) || !(has(self.alignment) || has(self.anchor) || has(self.timeZone))',
    message: 'a lifetime budget has no alignment, anchor or timeZone: give a period or remove them',
    holds: (budget) =>
      budget.period !== undefined || !('alignment' in budget || 'anchor' in budget || 'timeZone' in budget),
  },
  {
    cel: "(self.?alignment.orValue('Calendar') == 'Anchored') == has(self.anchor)",
    message: 'alignment Anchored and an anchor such as "2026-11-02T09:00" belong together',
    holds: (budget) => (budget.alignment === 'Anchored') === 'anchor' in budget,
    field: 'anchor',
  },
  {
    cel: `!has(self.period) || self.?alignment.orValue('Calendar') == 'Anchored' || ${CALENDAR_PERIOD}`,
    message:
      'period does not follow the calendar: use 1d, 1w, 1mo, 1q, 1y or hours or minutes that divide a day, or set alignment: Anchored with an anchor',
    holds: (budget) => calendarProblem(budget) === undefined,
    problem: calendarProblem,
    field: 'period',
  },
  {
    cel: "!has(self.weekStart) || has(self.period) && self.period in ['1w', '7d'] && self.?alignment.orValue('Calendar') == 'Calendar'",
    message: 'weekStart belongs to a calendar week: period 1w without an anchor',
    holds: ({ weekStart, period, alignment }) =>
      weekStart === undefined || ((period === '1w' || period === '7d') && alignment !== 'Anchored'),
    field: 'weekStart',
  },
  immutable('period', undefined, ANOTHER_WINDOW),
  immutable('alignment', "'Calendar'", ANOTHER_WINDOW),
  immutable('anchor', undefined, ANOTHER_WINDOW),
  immutable('timeZone', "'UTC'", ANOTHER_WINDOW),
  immutable('weekStart', "'Monday'", ANOTHER_WINDOW),
  immutable('models', undefined, ANOTHER_WINDOW),
]);

export type BudgetSpec = z.output<typeof budgetSchema>;

/** Budgets of a subject. */
export const budgetsSchema = listMap('Budgets; every one that enforces must admit a call.', budgetSchema, {
  key: 'name',
  max: 8,
});

/** The members of a budget that decide its windows. */
interface WindowMembers {
  readonly period?: string;
  readonly alignment?: 'Calendar' | 'Anchored';
  readonly anchor?: string;
  readonly timeZone?: string;
  readonly weekStart?: (typeof WEEKDAYS)[number];
}

/** The rule by which a budget's windows follow each other, absent members filled with their defaults. */
export function windowRuleOf(budget: WindowMembers): WindowRule {
  return {
    period: budget.period ?? null,
    alignment: budget.alignment ?? 'Calendar',
    anchor: budget.anchor ?? null,
    timeZone: budget.timeZone ?? 'UTC',
    weekStart: WEEKDAYS.indexOf(budget.weekStart ?? 'Monday') + 1,
  };
}

/** Why a period without an anchor does not follow the calendar. Zone and anchor have rules of their own. */
function calendarProblem(budget: WindowMembers): string | undefined {
  if (budget.alignment === 'Anchored') return undefined;
  return windowRuleProblem({ ...windowRuleOf(budget), timeZone: 'UTC' });
}

/** Temporal reads zones in any case, the API server only in their own spelling. */
function isSpelledZone(name: string): boolean {
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId === name;
  } catch {
    return false;
  }
}
