import { adjustmentsIn, type AppliedAdjustment } from './adjustment.ts';
import { assert } from './assert.ts';
import type { CounterClass } from './hold.ts';
import type { Nanos } from './money.ts';
import type { Window } from './window.ts';

/** The format of the ledger's data. An operation that meets another one has no effect. */
export const LEDGER_FORMAT = '1';

/*
 * A subject's fields, the same in every adapter; values are text, amounts decimal nano-USD:
 *   v                  revision, `!...` when inactive
 *   T.<c> h.<c> cr.<c> per counter: total ever settled, sum of open holds, total ever credited
 *   b.u.<budget>.<start>, b.f.<budget>.<start>   the counter's total when the window was first used
 *   z.u.<budget>.<start>, zn.u.<budget>.<start>  what resets raised that base by, and the number of the last of them
 *   e.<budget>         start:end:definition:countedFromMs of the current window
 *   a.<uid>            an adjustment that was applied (core/adjustment)
 */
export const REVISION_FIELD = 'v';
export const totalField = (counter: CounterClass): string => `T.${counter}`;
export const heldField = (counter: CounterClass): string => `h.${counter}`;
export const creditField = (counter: CounterClass): string => `cr.${counter}`;
export const windowField = (budget: string): string => `e.${budget}`;

/** A base carries its counter, so that a late settle can raise the bases of the counter without any specification. */
export function baseField(counter: CounterClass, budget: string, startSeconds: number): string {
  return `${basePrefix(counter, budget)}${startSeconds}`;
}

/** What the base fields of one budget begin with. */
export function basePrefix(counter: CounterClass, budget: string): string {
  return counter === 'u' ? `b.u.${budget}.` : `b.${counter}.`;
}

/** By how much resets raised a base: not spent in the window before, though the base says so. */
export function resetField(base: string): string {
  return `z${base.slice(1)}`;
}

/** The number, in the installation, of the last reset that raised a base. */
export function resetNumberField(base: string): string {
  return `zn${base.slice(1)}`;
}

/** The current window of a budget, as stored. */
export interface WindowEntry {
  readonly window: Window;
  /** Hash of the budget's definition; without a colon. */
  readonly definition: string;
  /** Epoch ms of the first admission under this budget. */
  readonly countedFromMs: number;
}

export function encodeWindowEntry(entry: WindowEntry): string {
  return `${proposedWindow(entry.window, entry.definition)}:${entry.countedFromMs}`;
}

/** A window that a call proposes: the entry without the instant of its first admission. */
export function proposedWindow(window: Window, definition: string): string {
  assert(/^[^:]+$/.test(definition), `a definition's hash has no colon: ${definition}`);
  return `${window.startSeconds}:${window.endSeconds ?? ''}:${definition}`;
}

/** Reads {@link encodeWindowEntry} back; undefined when the text is none. */
export function decodeWindowEntry(text: string): WindowEntry | undefined {
  const match = /^([0-9]+):([0-9]*):([^:]+):([0-9]+)$/.exec(text);
  if (match === null) return undefined;
  const [, start = '', end = '', definition = '', countedFrom = ''] = match;
  return {
    window: { startSeconds: Number(start), endSeconds: end === '' ? null : Number(end) },
    definition,
    countedFromMs: Number(countedFrom),
  };
}

/** The budget window that a base field belongs to; undefined when the field is no base of this counter. */
export function baseStart(field: string, counter: CounterClass): number | undefined {
  const match = counter === 'u' ? /^b\.u\..+\.([0-9]+)$/.exec(field) : filteredBase(field, counter);
  return match === null ? undefined : Number(match[1]);
}

function filteredBase(field: string, counter: CounterClass): RegExpExecArray | null {
  const prefix = `b.${counter}.`;
  return field.startsWith(prefix) ? /^([0-9]+)$/.exec(field.slice(prefix.length)) : null;
}

/** A subject's fields, read. */
export interface SubjectFields {
  readonly revision: string | null;
  readonly totals: Readonly<Partial<Record<CounterClass, Nanos>>>;
  readonly held: Readonly<Partial<Record<CounterClass, Nanos>>>;
  readonly credits: Readonly<Partial<Record<CounterClass, Nanos>>>;
  readonly budgets: Readonly<Record<string, BudgetFields>>;
  /** In the order in which they were applied. */
  readonly adjustments: readonly AppliedAdjustment[];
}

interface BudgetFields extends WindowEntry {
  /** The counter that the budget reads. */
  readonly counter: CounterClass;
  /** Newest last. */
  readonly bases: readonly WindowBase[];
}

export interface WindowBase {
  readonly startSeconds: number;
  /** The counter's total when the window began, raised since by late settles, corrections and resets. */
  readonly base: Nanos;
  /** The part of the base that resets raised it by. */
  readonly reset: Nanos;
}

/** Reads a subject's stored fields. @returns undefined when one of them is not what this format writes */
export function readSubjectFields(fields: ReadonlyMap<string, string>): SubjectFields | undefined {
  const totals = amounts(fields, 'T.');
  const held = amounts(fields, 'h.');
  const credits = amounts(fields, 'cr.');
  const adjustments = adjustmentsIn(fields);
  const budgets: Record<string, BudgetFields> = {};
  for (const [field, text] of fields) {
    if (!field.startsWith('e.')) continue;
    const entry = decodeWindowEntry(text);
    const budget = field.slice(2);
    const filtered = basesOf(fields, `f.${budget}`, budget);
    const counter = filtered?.length === 0 ? 'u' : (`f.${budget}` as const);
    const bases = counter === 'u' ? basesOf(fields, 'u', budget) : filtered;
    if (entry === undefined || bases === undefined) return undefined;
    budgets[budget] = { ...entry, counter, bases };
  }
  if (totals === undefined || held === undefined || credits === undefined || adjustments === undefined)
    return undefined;
  return { revision: fields.get(REVISION_FIELD) ?? null, totals, held, credits, budgets, adjustments };
}

function amounts(
  fields: ReadonlyMap<string, string>,
  prefix: string,
): Partial<Record<CounterClass, Nanos>> | undefined {
  const found: Partial<Record<CounterClass, Nanos>> = {};
  for (const [field, text] of fields) {
    if (!field.startsWith(prefix)) continue;
    if (!isAmount(text)) return undefined;
    found[field.slice(prefix.length) as CounterClass] = BigInt(text);
  }
  return found;
}

function basesOf(
  fields: ReadonlyMap<string, string>,
  counter: CounterClass,
  budget: string,
): BudgetFields['bases'] | undefined {
  const prefix = basePrefix(counter, budget);
  const bases: WindowBase[] = [];
  for (const [field, text] of fields) {
    if (!field.startsWith(prefix) || !/^[0-9]+$/.test(field.slice(prefix.length))) continue;
    const reset = fields.get(resetField(field)) ?? '0';
    if (!isAmount(text) || !isAmount(reset)) return undefined;
    bases.push({ startSeconds: Number(field.slice(prefix.length)), base: BigInt(text), reset: BigInt(reset) });
  }
  return bases.toSorted((a, b) => a.startSeconds - b.startSeconds);
}

/**
 * What is spent in each known window of a budget since its last reset, newest last: up to the total at which the next
 * window began, or up to now.
 */
export function spentByWindow(subject: SubjectFields, budget: string): Nanos[] {
  const { counter, bases } = subject.budgets[budget] ?? { counter: 'u', bases: [] };
  return bases.map(({ base }, i) => {
    const next = bases[i + 1];
    const end = next === undefined ? (subject.totals[counter] ?? 0n) : next.base - next.reset;
    return end - base;
  });
}

/** An amount as the ledger stores it: whole, never negative, and small enough that adding a call cannot overflow. */
export function isAmount(text: string): boolean {
  return /^[0-9]{1,18}$/.test(text);
}
