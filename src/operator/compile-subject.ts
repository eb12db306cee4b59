import { hash } from 'node:crypto';
import { type BudgetSpec, windowRuleOf } from '../api/budget.ts';
import { type CallSettings, statedCallPolicy } from '../api/call-settings.ts';
import { assert } from '../core/assert.ts';
import { type Budget, definitionText } from '../core/budget.ts';
import { type Nanos, parseUsd } from '../core/money.ts';
import type { Raise } from '../core/raise.ts';
import { type CompiledBudget, encodeRecord, type Inactive, type KeyPart, type SubjectRecord } from '../core/record.ts';
import type { Subject } from '../core/subject.ts';

/** What every kind of subject has in its specification. */
interface SubjectSpec {
  readonly alias?: string;
  readonly budgets?: readonly BudgetSpec[];
  readonly models?: readonly string[];
  readonly calls?: CallSettings;
  readonly tags?: Readonly<Record<string, string>>;
  readonly suspend?: boolean;
}

const HASH_CHARACTERS = 16;

/** What a record says besides its object. */
export interface SubjectExtra {
  readonly key?: KeyPart;
  readonly inheritedTags?: Readonly<Record<string, string>>;
  /** What adjustments add to the limits, by the budget's name, in any order. */
  readonly raises?: ReadonlyMap<string, readonly Raise[]>;
}

/** Compiles what a subject's own object says. The revision is a digest of the record: equal objects, equal revisions. */
export function compileSubject(subject: Subject, spec: SubjectSpec, extra: SubjectExtra = {}): SubjectRecord {
  const inactive: Inactive | null = spec.suspend === true ? 'Suspended' : null;
  return withRevision({
    subject,
    inactive,
    alias: spec.alias ?? '',
    budgets: (spec.budgets ?? []).map((budget) => compileBudget(budget, extra.raises?.get(budget.name) ?? [])),
    models: spec.models ?? [],
    calls: statedCallPolicy(spec.calls),
    tags: { ...extra.inheritedTags, ...spec.tags },
    key: extra.key ?? null,
  });
}

/** What stays of a subject whose object is gone: no call passes, and its counters keep their place. */
export function tombstone(subject: Subject): SubjectRecord {
  const nothing = { alias: '', budgets: [], models: [], calls: {}, tags: {}, key: null };
  return withRevision({ subject, inactive: 'Deleted', ...nothing });
}

function withRevision(record: Omit<SubjectRecord, 'revision'>): SubjectRecord {
  const revision = digest(encodeRecord({ ...record, revision: '' }));
  return { ...record, revision: record.inactive === null ? revision : `!${revision}` };
}

function compileBudget(spec: BudgetSpec, raises: readonly Raise[]): CompiledBudget {
  const budget: Budget = {
    name: spec.name,
    limit: amount(spec.limit),
    soft: amount(spec.softLimit),
    rule: windowRuleOf(spec),
    models: spec.models ?? [],
    mode: spec.mode ?? 'Enforce',
    overdraft: spec.overdraft ?? 'Allow',
  };
  return {
    ...budget,
    definition: digest(definitionText(budget)),
    // A budget that only warns has nothing to raise.
    raises: budget.limit === null ? [] : raises.toSorted(byEndAndAmount),
  };
}

/** One order, whoever lists the raises: the revision depends on it. */
function byEndAndAmount(a: Raise, b: Raise): number {
  const [aEnd, bEnd] = [a.untilMs ?? Infinity, b.untilMs ?? Infinity];
  if (aEnd !== bEnd) return aEnd < bEnd ? -1 : 1;
  return Number(a.amount - b.amount);
}

function amount(text: string | undefined): Nanos | null {
  if (text === undefined) return null;
  const nanos = parseUsd(text);
  assert(nanos !== undefined, `unchecked amount ${text}`);
  return nanos;
}

/** The first 64 bits of a SHA-256, hex: identifies, does not protect. */
export function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, HASH_CHARACTERS);
}
