import type { Condition, ConditionReason, ConditionType } from '../api/condition.ts';
import type { ObservedCondition } from './custom-object.ts';

/** A state of an object, before it is known when it began. */
export interface Fact {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason;
  /** A sentence for people; says what to do when something is to be done. */
  readonly message: string;
}

const MESSAGE_CHARACTERS = 2048;

export function holds(type: ConditionType, reason: ConditionReason, message: string): Fact {
  return { type, status: 'True', reason, message };
}

export function fails(type: ConditionType, reason: ConditionReason, message: string): Fact {
  return { type, status: 'False', reason, message };
}

/** Facts as conditions: the time of the last transition stays while the status does. */
export function conditionsOf(
  facts: readonly Fact[],
  before: readonly ObservedCondition[],
  at: { readonly generation: number; readonly nowMs: number },
): Condition[] {
  const since = new Map(before.map((condition) => [condition.type, condition]));
  return facts.map((fact) => {
    const known = since.get(fact.type);
    const lastTransitionTime = known?.status === fact.status ? known.lastTransitionTime : timestamp(at.nowMs);
    const message = fact.message.slice(0, MESSAGE_CHARACTERS);
    return { ...fact, message, observedGeneration: at.generation, lastTransitionTime };
  });
}

/** The facts that are news: another status or another reason than before. Of what is seen first, only what matters. */
export function transitions(facts: readonly Fact[], before: readonly ObservedCondition[]): Fact[] {
  const known = new Map(before.map((condition) => [condition.type, condition]));
  return facts.filter(({ type, status, reason }) => {
    const earlier = known.get(type);
    if (earlier !== undefined) return earlier.status !== status || earlier.reason !== reason;
    if (type === 'Ready' || type === 'Applied') return true;
    return TRUE_IS_NEWS.has(type) ? status === 'True' : status === 'False';
  });
}

const TRUE_IS_NEWS: ReadonlySet<string> = new Set<ConditionType>(['Stalled', 'Expired']);

/** Whether people should look: a raise that ends is as it should be. */
export function isWarning({ type, status }: Fact): boolean {
  if (type === 'Expired') return false;
  return type === 'Stalled' ? status === 'True' : status === 'False';
}

/** RFC 3339 in UTC, whole seconds: the form of metav1.Time. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
