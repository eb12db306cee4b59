import { budgetAdjustment } from './budget-adjustment.ts';
import { budgetAlertPolicy } from './budget-alert-policy.ts';
import { customer } from './customer.ts';
import type { KindDefinition } from './kind.ts';
import { team } from './team.ts';
import { user } from './user.ts';
import { virtualKey } from './virtual-key.ts';

/** Every kind of the API. */
export const KINDS: readonly KindDefinition<Kind>[] = [
  virtualKey,
  team,
  user,
  customer,
  budgetAlertPolicy,
  budgetAdjustment,
];

export type Kind = 'VirtualKey' | 'Team' | 'User' | 'Customer' | 'BudgetAlertPolicy' | 'BudgetAdjustment';
