import { admits, refusedBy, type Standing, tightest } from '../../core/admission.ts';
import { assert } from '../../core/assert.ts';
import { encodeHold, subjectKey } from '../../core/hold.ts';
import {
  baseField,
  basePrefix,
  decodeWindowEntry,
  encodeWindowEntry,
  heldField,
  resetField,
  resetNumberField,
  REVISION_FIELD,
  totalField,
  windowField,
} from '../../core/ledger-fields.ts';
import { isSameReserve } from '../../core/settlement.ts';
import { openWindow } from '../../core/window-opening.ts';
import type { ReserveBudget, ReserveCall, ReserveGroup, ReserveOutcome } from '../../ports/ledger.ts';
import { LedgerDataError } from './database.ts';
import { amountIn } from './fields.ts';
import type { Operation } from './operation.ts';
import { isAlive, proxyKey, renew } from './proxies.ts';

/** One group with the fields of its subject. */
interface Counted {
  readonly group: ReserveGroup;
  readonly key: string;
  readonly stored: ReadonlyMap<string, string>;
}

/** `Ledger.reserve` in one transaction, in the order of the Redis script. */
export function reserve(operation: Operation, call: ReserveCall): ReserveOutcome {
  const { fields, nowMs } = operation;
  assert(call.groups.length === call.hold.charges.length, 'a hold has one charge per group');
  const groups = call.groups.map((group) => {
    const key = `s:${subjectKey(group.subject)}`;
    return { group, key, stored: fields.all(key) };
  });
  const standings = groups.map((counted) => counted.group.budgets.map((budget) => standing(counted, budget)));
  const proxy = proxyKey(call.id.proxy);
  const record = encodeHold(call.hold);
  const known = fields.get(proxy, String(call.id.seq));
  if (known !== undefined) {
    if (!isSameReserve(known, record)) return { kind: 'conflict' };
    // The hold is among what is held already.
    return { kind: 'admitted', nowMs, left: standings.map((group) => tightest(group, 0n)) };
  }
  const obstacle = obstacleTo(operation, call, groups) ?? openWindows(operation, groups);
  if (obstacle !== undefined) return obstacle;
  const violated = call.free ? [] : standings.flat().filter((budget) => !admits(budget, call.hold.amount));
  if (violated.length > 0) return { kind: 'refused', nowMs, refusal: refusedBy(violated, call.hold.amount) };

  fields.set(proxy, String(call.id.seq), record);
  if (!isAlive(operation, call.id.proxy)) renew(operation, call.id.proxy);
  for (const { group, key } of groups) fields.add(key, heldField(group.counter), call.hold.amount);
  for (const counted of groups) for (const budget of counted.group.budgets) keepWindow(operation, counted, budget);
  operation.keepTime();
  return { kind: 'admitted', nowMs, left: standings.map((group) => tightest(group, call.hold.amount)) };
}

/** What keeps a call from being judged at all; undefined when nothing does. */
function obstacleTo(operation: Operation, call: ReserveCall, groups: readonly Counted[]): ReserveOutcome | undefined {
  const { fields, meta, nowMs } = operation;
  if (call.id.seq <= Number(fields.get(proxyKey(call.id.proxy), 'low') ?? 0)) return { kind: 'conflict' };
  if (meta.get('pv') !== call.platformRevision) return { kind: 'stale', nowMs, which: null };
  if (nowMs >= Number(meta.get('lease') ?? 0)) return { kind: 'unattended' };
  if (nowMs < call.fromMs || nowMs >= call.untilMs) return { kind: 'moved', nowMs, window: null };
  for (const { group, stored } of groups) {
    const revision = stored.get(REVISION_FIELD);
    if (revision === undefined) return { kind: 'cold' };
    if (revision !== group.revision || revision.startsWith('!')) return { kind: 'stale', nowMs, which: group.subject };
  }
  return undefined;
}

/** Why one of the call's windows may not be opened; undefined when all are open or may be. */
function openWindows({ nowMs }: Operation, groups: readonly Counted[]): ReserveOutcome | undefined {
  for (const { group, key, stored } of groups) {
    for (const budget of group.budgets) {
      if (stored.has(baseOf(group, budget))) continue;
      const opening = openWindow(entryOf(key, stored, budget), budget.window, budget.definition, nowMs);
      if (opening.kind === 'elsewhere') return { kind: 'moved', nowMs, window: null };
      if (opening.kind === 'redefined') return redefined(group, budget);
      if (opening.kind === 'overlap') {
        const window = { subject: group.subject, budget: budget.name, window: opening.window };
        return { kind: 'moved', nowMs, window };
      }
    }
  }
  return undefined;
}

function redefined({ subject }: ReserveGroup, budget: ReserveBudget): ReserveOutcome {
  return {
    kind: 'misconfigured',
    what: `budget ${budget.name} of ${subject.kind}/${subject.namespace}/${subject.name} is counted under another definition: a different window is a different budget, add it under a new name`,
  };
}

/** The first call of a window copies the total to its base; of the older bases only the newest stays. */
function keepWindow(operation: Operation, { group, key, stored }: Counted, budget: ReserveBudget): void {
  const base = baseOf(group, budget);
  if (stored.has(base)) return;
  const { fields, nowMs } = operation;
  // From now on no operation may think that the window has not begun, whatever the clock does.
  operation.keepTime(true);
  const prefix = basePrefix(group.counter, budget.name);
  const starts = [...stored.keys()]
    .filter((field) => field.startsWith(prefix) && /^[0-9]+$/.test(field.slice(prefix.length)))
    .map((field) => Number(field.slice(prefix.length)))
    .toSorted((a, b) => b - a);
  for (const start of starts.slice(1)) {
    const old = `${prefix}${start}`;
    for (const field of [old, resetField(old), resetNumberField(old)]) fields.remove(key, field);
  }
  fields.set(key, base, String(amountIn(stored.get(totalField(group.counter)), key, totalField(group.counter))));
  const { window, definition, name } = budget;
  const countedFromMs = entryOf(key, stored, budget)?.countedFromMs ?? nowMs;
  fields.set(key, windowField(name), encodeWindowEntry({ window, definition, countedFromMs }));
}

function entryOf(key: string, stored: Counted['stored'], budget: ReserveBudget): ReturnType<typeof decodeWindowEntry> {
  const text = stored.get(windowField(budget.name));
  if (text === undefined) return undefined;
  const entry = decodeWindowEntry(text);
  if (entry === undefined) throw new LedgerDataError(`${key} has no window in ${windowField(budget.name)}`);
  return entry;
}

function baseOf(group: ReserveGroup, budget: ReserveBudget): string {
  return baseField(group.counter, budget.name, budget.window.startSeconds);
}

function standing({ group, key, stored }: Counted, budget: ReserveBudget): Standing {
  const amount = (field: string): bigint => amountIn(stored.get(field), key, field);
  const base = baseOf(group, budget);
  const { name, limit, overdraft, window } = budget;
  return {
    subject: group.subject,
    budget: name,
    limit,
    overdraft,
    resetsAtMs: window.endSeconds === null ? null : window.endSeconds * 1000,
    spent: stored.has(base) ? amount(totalField(group.counter)) - amount(base) : 0n,
    held: amount(heldField(group.counter)),
  };
}
