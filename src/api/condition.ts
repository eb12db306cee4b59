import type { z } from 'zod';
import { choice, listMap, object, statusInteger, statusText, text } from './field.ts';
import { TIMESTAMP } from './form.ts';

/** Condition types, as states. Stalled is the one that is bad when True: nothing happens until the object is edited. */
export const CONDITION_TYPES = [
  'Ready',
  'ReferencesResolved',
  'KeyReady',
  'Synced',
  'WithinBudget',
  'ChannelsReady',
  'Applied',
  'Expired',
  'Stalled',
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** Why a condition is as it is. A reason keeps its meaning for ever; people and alerts match on it. */
export const CONDITION_REASONS = [
  // Ready
  'Reconciled',
  'Reconciling',
  'Suspended',
  'Expired',
  'InvalidSpec',
  'NotYetSupported',
  'DuplicateMatch',
  'BudgetRedefined',
  // ReferencesResolved
  'Resolved',
  'TeamUnresolved',
  'UserUnresolved',
  'SubjectUnresolved',
  // KeyReady
  'KeyIssued',
  'KeyInUse',
  'SecretConflict',
  'SecretInvalid',
  'SecretMissing',
  'SecretForbidden',
  // Synced
  'InLedger',
  'LedgerAway',
  'LedgerCold',
  // WithinBudget
  'WithinLimits',
  'BudgetExhausted',
  // ChannelsReady
  'ChannelsResolved',
  'ChannelUnresolved',
  'RecipientRefused',
  // Applied, Expired
  'AdjustmentApplied',
  'AdjustmentRefused',
  'WindowEnded',
] as const;
export type ConditionReason = (typeof CONDITION_REASONS)[number];

const conditionSchema = object('One observed state, in the form of metav1.Condition.', {
  type: statusText('Name of the state.', 64),
  status: choice('Whether the state holds.', ['True', 'False', 'Unknown']),
  reason: statusText('Why, in one word for machines.', 64),
  message: statusText('Why, in a sentence for people.', 2048),
  observedGeneration: statusInteger('Generation of the object that the condition speaks of.', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }).exactOptional(),
  lastTransitionTime: text('When status changed last.', TIMESTAMP),
});

export const conditionsSchema = listMap('Observed states.', conditionSchema, { key: 'type', max: 16 });

export type Condition = z.output<typeof conditionSchema>;
