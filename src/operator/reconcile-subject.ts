import { API_VERSION } from '../api/kind.ts';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import { formatUsd } from '../core/money.ts';
import type { Inactive, KeyHash, SubjectRecord } from '../core/record.ts';
import { type Subject, subjectPath } from '../core/subject.ts';
import type { Outcome } from '../machinery/controller.ts';
import { raisesOf } from './adjustments.ts';
import { type Books, callsInForce, charged, inheritedSubjects, readBooks } from './books.ts';
import { compileVirtualKey } from './compile-key.ts';
import { compileSubject } from './compile-subject.ts';
import { type CustomObject, type ObservedStatus, readSpec, type SpecReading } from './custom-object.ts';
import { again, announce, DONE, isFirstSight, type Office, type Reconciling, report } from './reconciling.ts';
import type { PutOutcome } from './registry.ts';
import { type SubjectObjectKind, subjectOf } from './subject-object.ts';
import { type KeyPass, type Pass, subjectFacts } from './subject-facts.ts';
import { type Charged, moneyStatus, totalSpent, unknownBudget, withinBudget } from './subject-status.ts';

/** The ledger does not take writes: look again then. Whatever happens in between is enqueued anyway. */
const LEDGER_AGAIN_MS = 5_000;
/** What stays in a status while the ledger cannot be read: the figures are old, not wrong. */
const MONEY_MEMBERS = ['totalSpent', 'blockedBy', 'tightest', 'budgets', 'keys', 'calls'] as const;

interface Turn {
  readonly kind: SubjectObjectKind;
  readonly object: CustomObject;
  readonly subject: Subject;
  readonly office: Office;
  readonly books: Books;
}

interface Made {
  readonly record: SubjectRecord;
  readonly key: KeyPass | null;
}

type Invalid = Extract<SpecReading<SubjectObjectKind>, { kind: 'invalid' }>;

/** Makes a VirtualKey, Team or User binding, and its status true. Level-triggered: everything is read anew. */
export async function reconcileSubject(context: Reconciling, kind: SubjectObjectKind, key: string): Promise<Outcome> {
  const subject = subjectOf(kind, key);
  const object = context.world.object(kind, key);
  const office = context.office();
  if (object === undefined) return removeSubject(context, office, subject);
  const reading: SpecReading<SubjectObjectKind> = readSpec(kind, object);
  const spec: VirtualKeySpec = reading.kind === 'valid' ? reading.spec : {};
  if (office === null) return unsynced(context, object, { kind, reading, put: null });
  const inherited = kind === 'VirtualKey' ? inheritedSubjects(subject.namespace, spec, office.platform()) : [];
  const books = await readBooks(context.store.ledger, subject, inherited);
  if (books.kind === 'cold') context.outdated(0);
  if (books.kind !== 'read') return unsynced(context, object, { kind, reading, put: books });
  const turn: Turn = { kind, object, subject, office, books };
  if (reading.kind === 'invalid') return conclude(context, turn, { invalid: reading, made: null, put: null });
  const made = await make(context, turn, spec);
  const put = await office.registry.put(made.record);
  return conclude(context, turn, { invalid: null, made, put });
}

/** The object is gone: no call passes, the counters stay. */
async function removeSubject(context: Reconciling, office: Office | null, subject: Subject): Promise<Outcome> {
  if (office === null) return { kind: 'again', afterMs: LEDGER_AGAIN_MS };
  const removed = await office.registry.remove(subject);
  if (removed.kind === 'written') context.log.info('subject removed', { subject: subjectPath(subject) });
  return isWritten(removed) ? DONE : unwritten(context, removed);
}

async function make(context: Reconciling, turn: Turn, spec: VirtualKeySpec): Promise<Made> {
  const { kind, subject, office } = turn;
  const declared = { namespace: subject.namespace, name: subject.name, spec };
  const raises = raisesOf(context.world, subject, turn.books.own, turn.books.nowMs);
  if (kind !== 'VirtualKey') return { record: compileSubject(subject, spec, { raises }), key: null };
  const { namespace, name, uid, generation } = turn.object;
  const inForce = office.registry.record(subject)?.key?.hashes ?? [];
  const reading = await context.keyring.obtain({
    owner: { apiVersion: API_VERSION, kind, namespace, name, uid },
    generation,
    spec: spec.key,
    inForce,
  });
  const hashes = validHashes(reading, inForce);
  const held = office.registry.claim(subject, hashes);
  for (const { sha256 } of hashes)
    if (!held.some((one) => one.sha256 === sha256)) context.awaitKey(sha256, turn.object);
  const { record, unresolved } = compileVirtualKey(declared, context.world, { hashes: held, raises });
  return { record, key: { reading, inUse: held.length < hashes.length, unresolved } };
}

/** A role that lost its rights on Secrets must not cut the keys that it issued. */
function validHashes(reading: KeyPass['reading'], inForce: readonly KeyHash[]): readonly KeyHash[] {
  if (reading.kind === 'key') return reading.hashes;
  return reading.reason === 'SecretForbidden' ? inForce : [];
}

interface Result {
  readonly invalid: Invalid | null;
  readonly made: Made | null;
  readonly put: PutOutcome | null;
}

async function conclude(context: Reconciling, turn: Turn, result: Result): Promise<Outcome> {
  const { kind, object, books } = turn;
  const { invalid, made, put } = result;
  const charges = chargesOf(turn, made);
  const [own, ...inherited] = charges;
  const money = own === undefined ? null : moneyStatus(own, inherited, books.nowMs);
  const pass: Pass = { invalid, inactive: inactiveAt(made?.record, books.nowMs), put, key: made?.key ?? null };
  const budgets = money === null ? unknownBudget() : withinBudget(money.blockedBy ?? '');
  const firstSight = isFirstSight(context, object);
  const rest = { ...money, ...keyStatus(turn, made, charges) };
  await report(context, object, [...subjectFacts(kind, pass), budgets], rest);
  if (own !== undefined) context.shown(own, books.nowMs);
  tell(context, turn, { made, firstSight });
  if (put !== null && !isWritten(put)) return unwritten(context, put);
  return again(context.clock, dueMs(made, books.nowMs));
}

/** Whom calls are charged to, the subject itself first. What binds is the last good record: this one unless refused. */
function chargesOf({ office, subject, books }: Turn, made: Made | null): Charged[] {
  const record = office.registry.record(subject) ?? made?.record;
  if (record === undefined) return [];
  return [{ record, ledger: books.own }, ...charged(books.inherited, (of) => office.registry.record(of))];
}

/** When time alone changes something: a key ends, is rotated or is looked at again. */
function dueMs(made: Made | null, nowMs: number): (number | null)[] {
  const endMs = made?.record.key?.expiresAtMs ?? null;
  return [made?.key?.reading.againMs ?? null, endMs !== null && endMs > nowMs ? endMs : null];
}

/** The members that only a VirtualKey has. */
function keyStatus({ kind, office }: Turn, made: Made | null, subjects: readonly Charged[]): Partial<ObservedStatus> {
  if (kind !== 'VirtualKey') return {};
  const calls = callsInForce(
    subjects.map(({ record }) => record),
    office.platform(),
  );
  const reading = made?.key?.reading;
  return { calls, ...(reading?.kind === 'key' ? { keys: reading.shown } : {}) };
}

/** Events that no condition tells. */
function tell(
  context: Reconciling,
  turn: Turn,
  { made, firstSight }: { made: Made | null; firstSight: boolean },
): void {
  const reading = made?.key?.reading;
  if (reading?.kind === 'key' && reading.made !== null) {
    const note =
      reading.made === 'KeyIssued'
        ? 'a key was made; its Secret holds it'
        : 'another key was made; the previous one ends with its overlap';
    announce(context, turn.object, { warning: false, reason: reading.made, note });
  }
  const spent = totalSpent(turn.books.own);
  if (firstSight && spent > 0n) {
    const note = `continues the counters of ${subjectPath(turn.subject)}: ${formatUsd(spent)} USD were spent before`;
    announce(context, turn.object, { warning: false, reason: 'SpendInherited', note });
  }
}

/** The ledger cannot be written or read now: nothing of the object's money is known, and its record waits. */
async function unsynced(
  context: Reconciling,
  object: CustomObject,
  { kind, reading, put }: { kind: SubjectObjectKind; reading: SpecReading<SubjectObjectKind>; put: Pass['put'] },
): Promise<Outcome> {
  const invalid = reading.kind === 'invalid' ? reading : null;
  const facts = subjectFacts(kind, { invalid, inactive: null, put, key: null });
  const present = context.statuses.present(object);
  const kept = Object.fromEntries(MONEY_MEMBERS.flatMap((name) => (name in present ? [[name, present[name]]] : [])));
  await report(context, object, [...facts, unknownBudget()], kept);
  return { kind: 'again', afterMs: LEDGER_AGAIN_MS };
}

function unwritten(context: Reconciling, put: PutOutcome): Outcome {
  if (put.kind === 'redefined') return DONE;
  if (put.kind === 'fenced' || put.kind === 'cold') context.outdated(put.kind === 'cold' ? 0 : put.term);
  return { kind: 'again', afterMs: LEDGER_AGAIN_MS };
}

function isWritten(put: PutOutcome): boolean {
  return put.kind === 'written' || put.kind === 'unchanged';
}

function inactiveAt(record: SubjectRecord | undefined, nowMs: number): Inactive | null {
  const expiresAtMs = record?.key?.expiresAtMs ?? null;
  if (record?.inactive !== null && record !== undefined) return record.inactive;
  return expiresAtMs !== null && nowMs >= expiresAtMs ? 'Expired' : null;
}
