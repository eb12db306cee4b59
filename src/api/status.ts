import type { z } from 'zod';
import { callsSchema } from './call-settings.ts';
import { conditionsSchema } from './condition.ts';
import { choice, statusInteger, listMap, object, statusText } from './field.ts';

/** Status is written by the operator for people; it is never read back. Amounts are decimal USD, times RFC 3339. */

export const observedGeneration = statusInteger(
  'Generation of the object that this status speaks of; -1 before the first.',
  {
    min: -1,
    max: Number.MAX_SAFE_INTEGER,
  },
);

const amount = (description: string): z.ZodString => statusText(description, 32);
const time = (description: string): z.ZodString => statusText(description, 40);

const previousWindow = object('The window before.', {
  windowStart: time('Start of that window.').exactOptional(),
  windowEnd: time('End of that window, exclusive.').exactOptional(),
  limit: amount('Limit at its end.').exactOptional(),
  spent: amount('Its final figure.').exactOptional(),
});

const budgetStatus = object('Where one budget stands.', {
  name: statusText('Name of the budget.', 32),
  limit: amount('Limit that holds now, raises included.').exactOptional(),
  raisedBy: amount('Part of the limit that adjustments added.').exactOptional(),
  spent: amount('Settled in this window.').exactOptional(),
  usedPercent: statusInteger('Share of the limit that is spent.', { min: 0, max: 2_147_483_647 }).exactOptional(),
  windowStart: time('Start of the present window.').exactOptional(),
  resetsAt: time('End of the present window; absent for a lifetime budget.').exactOptional(),
  countedFrom: time('First call that this budget counted.').exactOptional(),
  state: choice('Ok, Soft from softLimit on, Exhausted from limit on.', ['Ok', 'Soft', 'Exhausted']).exactOptional(),
  previous: previousWindow.exactOptional(),
});

const tightest = object('The enforced budget of its calls, own or inherited, of which the largest share is spent.', {
  subject: statusText('Subject of the budget, such as team/platform/shop.', 512).exactOptional(),
  budget: statusText('Name of the budget.', 32).exactOptional(),
  limit: amount('Its limit.').exactOptional(),
  spent: amount('What is spent of it.').exactOptional(),
  usedPercent: statusText('Share that is spent, such as 83 %.', 16).exactOptional(),
  resetsAt: time('End of its present window.').exactOptional(),
});

/** What every subject's status has. */
export const subjectStatus = {
  observedGeneration: observedGeneration.exactOptional(),
  conditions: conditionsSchema.exactOptional(),
  totalSpent: amount('Settled in the whole life of the subject.').exactOptional(),
  blockedBy: statusText(
    'The budget, own or inherited, that refuses its calls now, and until when.',
    512,
  ).exactOptional(),
  tightest: tightest.exactOptional(),
  calls: callsSchema
    .meta({ ...callsSchema.meta(), description: 'Call settings that hold, all levels considered.' })
    .exactOptional(),
  budgets: listMap('Its budgets.', budgetStatus, { key: 'name', max: 16 }).exactOptional(),
};

export const subjectStatusSchema = object('Observed state.', subjectStatus);
export type SubjectStatus = z.output<typeof subjectStatusSchema>;
