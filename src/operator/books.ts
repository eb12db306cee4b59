import type { CallSettings } from '../api/call-settings.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import { enforcedLimit } from '../core/budget.ts';
import { type PolicyLevel, strictestCallPolicy } from '../core/call-policy.ts';
import { formatUsd } from '../core/money.ts';
import type { PlatformRecord, SubjectRecord } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { Away, Cold, Ledger, Misconfigured, SubjectLedger } from '../ports/ledger.ts';
import type { Charged } from './subject-status.ts';

/** What the ledger knows of the subjects that a key's calls are charged to. */
export interface Books {
  readonly kind: 'read';
  /** Ledger time. */
  readonly nowMs: number;
  readonly own: SubjectLedger;
  /** Teams, mandatory ones included, and the User; each once. */
  readonly inherited: readonly SubjectLedger[];
}

/** Reads a subject and what it inherits from, at one instant. */
export async function readBooks(
  ledger: Ledger,
  own: Subject,
  inherited: readonly Subject[],
): Promise<Books | Cold | Away | Misconfigured> {
  const read = await ledger.read([own, ...inherited]);
  if (read.kind !== 'read') return read;
  const [first, ...rest] = read.subjects;
  if (first === undefined) return { kind: 'misconfigured', what: 'the ledger answered no subject' };
  return { kind: 'read', nowMs: read.nowMs, own: first, inherited: rest };
}

/** Whose budgets a VirtualKey's calls count against besides its own. */
export function inheritedSubjects(
  namespace: string,
  { teamRef, userRef }: Pick<VirtualKeySpec, 'teamRef' | 'userRef'>,
  platform: PlatformRecord,
): Subject[] {
  const named: Subject[] = [
    ...(teamRef === undefined ? [] : [{ kind: 'team' as const, namespace, ...teamRef }]),
    ...platform.mandatoryTeams,
    ...(platform.namespaceTeams[namespace] ?? []),
    ...(userRef === undefined ? [] : [{ kind: 'user' as const, namespace, ...userRef }]),
  ];
  return [...new Map(named.map((subject) => [subjectPath(subject), subject])).values()];
}

/** Pairs ledgers with the records in force; a subject without a record has no budgets. */
export function charged(
  ledgers: readonly SubjectLedger[],
  recordOf: (subject: Subject) => SubjectRecord | undefined,
): Charged[] {
  return ledgers.flatMap((ledger) => {
    const record = recordOf(ledger.subject);
    return record === undefined ? [] : [{ record, ledger }];
  });
}

/** The call settings that hold for a key, all levels considered, as its status shows them. */
export function callsInForce(subjects: readonly SubjectRecord[], platform: PlatformRecord): CallSettings {
  const levels: PolicyLevel[] = subjects.map((record) => ({
    stated: record.calls,
    hasBudgets: record.budgets.some((budget) => enforcedLimit(budget) !== null),
  }));
  const policy = strictestCallPolicy([...levels, { stated: platform.calls, hasBudgets: false }]);
  const { reservation, maxHold, minOutputTokens, onAbort, unbounded, ledgerDown } = policy;
  return {
    reservation,
    ...(maxHold === null ? {} : { maxHold: formatUsd(maxHold) }),
    minOutputTokens,
    onAbort,
    unbounded: unbounded.type === 'Fixed' ? formatUsd(unbounded.reserve) : unbounded.type,
    ledgerDown,
  };
}
