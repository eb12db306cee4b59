import type { PlatformRecord } from '../core/record.ts';
import type { Outcome } from '../machinery/controller.ts';
import type { EventRecorder } from '../machinery/event-recorder.ts';
import type { Clock } from '../ports/clock.ts';
import type { LedgerStore } from '../ports/ledger-store.ts';
import type { Log } from '../ports/log.ts';
import { API_VERSION } from '../api/kind.ts';
import { conditionsOf, type Fact, isWarning, transitions } from './conditions.ts';
import type { CustomObject, ObjectKey, ObservedStatus } from './custom-object.ts';
import type { Keyring } from './keyring.ts';
import type { Registry } from './registry.ts';
import type { StatusWriter } from './status-writer.ts';
import type { Charged } from './subject-status.ts';
import type { World } from './world.ts';

/** The right to write the ledger, while this operator has it. */
export interface Office {
  readonly term: number;
  readonly registry: Registry;
  /** The platform part in force. */
  platform(): PlatformRecord;
}

/** What reconcilers share. */
export interface Reconciling {
  readonly world: World;
  readonly store: LedgerStore;
  readonly keyring: Keyring;
  readonly statuses: StatusWriter;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
  /** Null: the ledger cannot be written yet. */
  office(): Office | null;
  /** A write was refused because the ledger's term is `term`: another operator took over, or the ledger began anew. */
  outdated(term: number): void;
  enqueue(object: ObjectKey): void;
  /** What an object's status shows of its money now. */
  shown(charged: Charged, nowMs: number): void;
  /** Of a key that another VirtualKey holds: `object` is looked at again when it is free. */
  awaitKey(sha256: string, object: CustomObject): void;
}

export const DONE: Outcome = { kind: 'done' };

/** Writes an object's status, and one event for everything that is news. @throws KubeError */
export async function report(
  context: Reconciling,
  object: CustomObject,
  facts: readonly Fact[],
  rest: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { statuses, clock } = context;
  const before = statuses.present(object).conditions ?? [];
  const conditions = conditionsOf(facts, before, { generation: object.generation, nowMs: clock.wallMs() });
  const status: ObservedStatus = { observedGeneration: object.generation, conditions, ...rest };
  const news = transitions(facts, before);
  const isMalformed = facts.some(({ type, reason }) => type === 'Stalled' && reason === 'InvalidSpec');
  if (!(await statuses.write(object, status, isMalformed))) return;
  const said = new Set<string>();
  for (const fact of news) {
    if (said.has(fact.reason)) continue;
    said.add(fact.reason);
    announce(context, object, { warning: isWarning(fact), reason: fact.reason, note: fact.message });
  }
}

export function announce(
  { events }: Pick<Reconciling, 'events'>,
  { kind, namespace, name, uid, resourceVersion }: CustomObject,
  event: { readonly warning: boolean; readonly reason: string; readonly note: string },
): void {
  events.record(
    { apiVersion: API_VERSION, kind, namespace, name, uid, resourceVersion },
    { type: event.warning ? 'Warning' : 'Normal', reason: event.reason, action: 'Reconcile', note: event.note },
  );
}

/** When to look again, from instants in epoch ms; nothing is due: done. */
export function again(clock: Clock, dueMs: readonly (number | null)[]): Outcome {
  const next = Math.min(...dueMs.map((due) => due ?? Infinity));
  return Number.isFinite(next) ? { kind: 'again', afterMs: Math.max(next - clock.wallMs(), 0) } : DONE;
}

/** Whether this object was never reconciled before, by anybody. */
export function isFirstSight({ statuses }: Reconciling, object: CustomObject): boolean {
  return (statuses.present(object).observedGeneration ?? -1) < 0;
}
