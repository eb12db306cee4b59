import type { Inactive } from '../core/record.ts';
import { subjectPath } from '../core/subject.ts';
import type { Unresolved } from './compile-key.ts';
import { type Fact, fails, holds } from './conditions.ts';
import type { KeyReading } from './keyring.ts';
import type { PutOutcome } from './registry.ts';

/** What came of one pass over a subject's object. */
export interface Pass {
  /** Null: the specification is valid and supported. */
  readonly invalid: { readonly reason: 'InvalidSpec' | 'NotYetSupported'; readonly message: string } | null;
  readonly inactive: Inactive | null;
  /** Null: what came of it is not known, the ledger was not asked. */
  readonly put: PutOutcome | null;
  /** VirtualKeys only. */
  readonly key: KeyPass | null;
}

export interface KeyPass {
  readonly reading: KeyReading;
  /** Another VirtualKey holds one of its keys. */
  readonly inUse: boolean;
  readonly unresolved: readonly Unresolved[];
}

const UNKNOWN_KEY = 'what its key is was not looked at: the specification is not usable';

/** The conditions that the operator's work decides; WithinBudget is the ledger's. */
export function subjectFacts(kind: 'VirtualKey' | 'Team' | 'User', pass: Pass): Fact[] {
  const own: Fact[] = [];
  if (kind === 'VirtualKey') own.push(referencesFact(pass), keyFact(pass));
  const synced = syncedFact(pass);
  const trouble = stalledBy(pass);
  const waiting = [synced, ...own].find(({ status }) => status !== 'True');
  return [ready(pass, trouble, waiting), ...own, synced, stalled(trouble)];
}

type Trouble = Pick<Fact, 'reason' | 'message'> | null;

function ready({ inactive }: Pass, trouble: Trouble, waiting: Fact | undefined): Fact {
  const broken = trouble ?? waiting;
  if (broken !== undefined) return fails('Ready', broken.reason, broken.message);
  if (inactive === 'Suspended') return holds('Ready', 'Suspended', 'suspended: every call is refused');
  if (inactive === 'Expired') return holds('Ready', 'Expired', 'expired: every call is refused');
  return holds('Ready', 'Reconciled', 'in force');
}

/** Nothing will happen until somebody edits or removes something: kstatus calls it failed. */
function stalledBy({ invalid, put, key }: Pass): Trouble {
  if (invalid !== null) return invalid;
  if (put?.kind === 'redefined') return { reason: 'BudgetRedefined', message: redefinedText(put.budgets) };
  if (key?.reading.kind === 'none' && key.reading.stalled) return key.reading;
  return key?.inUse === true ? { reason: 'KeyInUse', message: KEY_IN_USE } : null;
}

function stalled(trouble: Trouble): Fact {
  return trouble === null
    ? fails('Stalled', 'Reconciled', 'nothing waits for somebody')
    : holds('Stalled', trouble.reason, trouble.message);
}

const KEY_IN_USE = 'another VirtualKey holds this key already and keeps it; give this one a key of its own';

/** One sentence for a budget name that counts another window already. */
export function redefinedText(budgets: readonly string[]): string {
  return (
    `budget ${budgets.join(', ')} already counts another window (period, alignment, anchor, timeZone, weekStart and ` +
    'models never change under one name): a different window is a different budget, add it under a new name'
  );
}

function referencesFact({ key }: Pass): Fact {
  const [first] = key?.unresolved ?? [];
  if (key === null) return { ...fails('ReferencesResolved', 'InvalidSpec', UNKNOWN_KEY), status: 'Unknown' };
  if (first === undefined) return holds('ReferencesResolved', 'Resolved', 'every reference leads somewhere');
  const reason = first.field === 'teamRef' ? 'TeamUnresolved' : 'UserUnresolved';
  // Whether it is missing or does not consent is its namespace's own business.
  const message = `${subjectPath(first.target)} does not exist or does not allow this namespace: every call is refused until it does`;
  return fails('ReferencesResolved', reason, message);
}

function keyFact({ key }: Pass): Fact {
  if (key === null) return { ...fails('KeyReady', 'InvalidSpec', UNKNOWN_KEY), status: 'Unknown' };
  if (key.reading.kind === 'none') return fails('KeyReady', key.reading.reason, key.reading.message);
  return key.inUse ? fails('KeyReady', 'KeyInUse', KEY_IN_USE) : holds('KeyReady', 'KeyIssued', 'the key is valid');
}

function syncedFact({ invalid, put }: Pass): Fact {
  if (invalid !== null) return fails('Synced', invalid.reason, 'the last good record stays in force');
  switch (put?.kind) {
    case 'unchanged':
    case 'written':
      return holds('Synced', 'InLedger', 'this generation is in force');
    case 'redefined':
      return fails('Synced', 'BudgetRedefined', 'the last good record stays in force');
    case 'cold':
      return fails('Synced', 'LedgerCold', COLD);
    default:
      return fails('Synced', 'LedgerAway', `the ledger does not take writes: ${whyAway(put)}`);
  }
}

const COLD =
  'the ledger lost its data: no call is admitted until it is restored, or the loss accepted with budgetd status --accept-loss';

function whyAway(put: Pass['put']): string {
  if (put?.kind === 'away') return put.cause;
  if (put?.kind === 'misconfigured') return put.what;
  return put?.kind === 'fenced' ? 'another operator took over' : 'this operator has not begun writing';
}
