import { flag, freeText, integer, listMap, map, object, set, text } from './field.ts';
import { EMAIL, SHORT_NAME_OR_ALL, TAG_KEY } from './form.ts';

/** Members that several subject kinds share. */

export const alias = freeText('Display name. Untrusted text, shown as it is and never interpreted.', 128);

export const suspend = flag('True: refuse every call. Counters are kept.');

export const tags = map(
  'Billing dimensions, copied to alerts and usage records; a VirtualKey inherits those of its Team.',
  freeText('Value.', 256),
  { max: 16, keys: TAG_KEY },
);

export const email = text("E-mail address; must match the platform's allowed recipients.", EMAIL);

export const emails = set("Recipients; each must match the platform's allowed recipients.", email, { max: 16, min: 1 });

export const budgetNames = set(
  'Names of budgets, or "*" for all; absent is all.',
  text('Name of a budget or "*".', SHORT_NAME_OR_ALL),
  {
    max: 8,
    min: 1,
  },
);

/** E-mail at a share of a limit, without a policy. */
export const alertsSchema = listMap(
  'E-mail at shares of the limits, without writing a BudgetAlertPolicy.',
  object('One threshold.', {
    percent: integer('Whole percent of the limit.', { min: 1, max: 100 }),
    budgets: budgetNames.exactOptional(),
    emails: emails.exactOptional(),
  }),
  { key: 'percent', max: 16 },
);
