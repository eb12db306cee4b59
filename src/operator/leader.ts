import type { PlatformConfig } from '../api/platform.ts';
import type { PlatformRecord } from '../core/record.ts';
import type { Subject } from '../core/subject.ts';
import { type Controller, type Outcome, startController } from '../machinery/controller.ts';
import type { Elector } from '../machinery/elector.ts';
import type { EventRecorder } from '../machinery/event-recorder.ts';
import type { Urgency } from '../machinery/waiting-keys.ts';
import type { ShowFigures } from '../ports/budget-figures.ts';
import { compilePlatform } from './compile-platform.ts';
import { objectKey, type ObjectKey } from './custom-object.ts';
import { createKeyring } from './keyring.ts';
import { holdOffice, type OfficeHolder } from './office.ts';
import type { OperatorDeps, OperatorOptions } from './operator.ts';
import type { QueueName, Queues } from './queues.ts';
import { reconcileAdjustment } from './reconcile-adjustment.ts';
import { reconcilePlain } from './reconcile-plain.ts';
import { reconcileSubject } from './reconcile-subject.ts';
import { DONE, type Office, type Reconciling } from './reconciling.ts';
import { type SpendListener, startSpendWatch } from './spend-watch.ts';
import { isSubjectKind, objectOf } from './subject-object.ts';
import { createStatusWriter } from './status-writer.ts';
import type { World } from './world.ts';

/** Note of the Lease that outlives its holders: this installation's ledger had data. */
const KNOWN_LEDGER = 'budgetd.dev/ledger-known';
/** Keys are many; the rest is few. */
const KEY_WORKERS = 8;
const PLATFORM_AGAIN_MS = 5_000;
const CLAIM_GRACE_MS = 10_000;

export interface LeaderDeps extends OperatorDeps {
  readonly world: World;
  readonly queues: Queues;
  readonly events: EventRecorder;
  readonly elector: Elector;
}

/** The work of the leading replica. Returns its end: no new work, and what is in hand is finished. */
export function startLeading(deps: LeaderDeps, options: OperatorOptions, term: number): () => Promise<void> {
  const { api, store, clock, log, world, queues, elector } = deps;
  const beginMs = clock.monotonicMs();
  const waiting = createWaitingList();
  const platform = createPlatformPart(options, world);
  const holder: OfficeHolder = holdOffice(deps, {
    term,
    cluster: world.namespaces.get('kube-system')?.uid ?? '',
    knownBefore: () => elector.note(KNOWN_LEDGER) === 'true',
    onKnown: () => elector.setNote(KNOWN_LEDGER, 'true'),
    raiseTerm: elector.raiseTerm,
    platform: platform.current,
    released: (sha256) => waiting.release(sha256).forEach((object) => queues.enqueue(object)),
    opened(office) {
      log.info('ledger: writing', { term: office.term });
      compareAll(office, world, queues);
    },
    fenced: () => options.deposed('another operator writes the ledger'),
    swept: options.swept,
  });
  const spend = startSpendWatch({ ledger: store.ledger, clock, log }, () => holder.current()?.registry ?? null, {
    options: options.status,
    listener: spendListener(deps, platform.current, options.figures),
  });
  const context: Reconciling = {
    ...deps,
    keyring: createKeyring(deps, options),
    statuses: createStatusWriter(api),
    office: holder.current,
    enqueue: (object) => queues.enqueue(object),
    outdated: holder.refused,
    shown: ({ record, ledger }, nowMs) => spend.begin(record, ledger, nowMs),
    awaitKey: (sha256, object) => waiting.add(sha256, objectKey(object)),
  };

  /** What is remembered of an object goes with it. */
  const forget = (object: ObjectKey): void => {
    context.statuses.forget(object);
    if (object.kind === 'VirtualKey') context.keyring.forget(object.key);
  };
  const reconcile = (name: QueueName, key: string): Promise<Outcome> => {
    // A process that was stopped for a while may find another one leading.
    if (!elector.leads()) return Promise.resolve(DONE);
    // A ledger that is there is claimed in a moment: statuses need not say in between that nothing is in force.
    const leftMs = beginMs + CLAIM_GRACE_MS - clock.monotonicMs();
    if (holder.current() === null && leftMs > 0) return Promise.resolve({ kind: 'again', afterMs: leftMs });
    if (name === 'Platform') return reconcilePlatform(deps, platform, holder);
    if (world.object(name, key) === undefined) forget({ kind: name, key });
    if (isSubjectKind(name)) return reconcileSubject(context, name, key);
    if (name === 'BudgetAdjustment') return reconcileAdjustment(context, key);
    return reconcilePlain(context, name, key);
  };
  const controllers = startControllers(deps, reconcile);
  return async () => {
    spend.stop();
    await Promise.all(controllers.map((controller) => controller.stop()));
    holder.stop();
  };
}

/** Compiles the platform part and makes it binding. */
async function reconcilePlatform(
  deps: LeaderDeps,
  platform: ReturnType<typeof createPlatformPart>,
  holder: OfficeHolder,
): Promise<Outcome> {
  const before = chargesOf(platform.current());
  const compiled = platform.compile();
  const put = await holder.current()?.registry.putPlatform(compiled);
  if (put?.kind === 'fenced') holder.refused(put.term);
  if (put?.kind === 'written') deps.log.info('platform applied', { revision: compiled.revision });
  if (chargesOf(compiled) !== before) enqueueKeys(deps);
  return put?.kind === 'written' || put?.kind === 'unchanged' ? DONE : { kind: 'again', afterMs: PLATFORM_AGAIN_MS };
}

function startControllers(
  deps: LeaderDeps,
  reconcile: (name: QueueName, key: string) => Promise<Outcome>,
): Controller[] {
  return [...deps.queues.all].map(([name, queue]) =>
    startController(deps, {
      name: name.toLowerCase(),
      queue,
      workers: name === 'VirtualKey' ? KEY_WORKERS : 1,
      reconcile: (key) => reconcile(name, key),
    }),
  );
}

/** The part of a platform record that a VirtualKey's status shows: whose budgets its calls count against, and how. */
function chargesOf({ mandatoryTeams, namespaceTeams, calls }: PlatformRecord): string {
  return JSON.stringify([mandatoryTeams, namespaceTeams, calls], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

function enqueueKeys({ world, queues }: LeaderDeps): void {
  for (const object of world.objects.get('VirtualKey')?.values() ?? []) queues.enqueue(objectKey(object), 'later');
}

/** Everything is compared: what the ledger has of objects that are gone, and every object. People's few come first. */
function compareAll(office: Office, world: World, queues: Queues): void {
  queues.enqueuePlatform();
  for (const { subject } of office.registry.living()) enqueueSubject(queues, subject, 'later');
  for (const [kind, cache] of world.objects) {
    for (const object of cache.values()) queues.enqueue(objectKey(object), kind === 'VirtualKey' ? 'later' : 'now');
  }
}

function spendListener(
  { queues, world }: LeaderDeps,
  platform: () => PlatformRecord,
  figures: ShowFigures,
): SpendListener {
  return {
    figures,
    moved: ({ subject }) => enqueueSubject(queues, subject, 'later'),
    drifted: ({ subject }) => enqueueSubject(queues, subject, 'now'),
    turned({ subject }) {
      enqueueSubject(queues, subject, 'now');
      for (const key of world.chargedTo(subject, platform())) queues.enqueue(key, 'later');
    },
  };
}

function enqueueSubject(queues: Queues, subject: Subject, urgency: Urgency): void {
  const object = objectOf(subject);
  if (object !== null) queues.enqueue(object, urgency);
}

/** The platform part of the configuration as the cluster's namespaces make it. */
function createPlatformPart(options: { readonly platform: () => PlatformConfig }, world: World) {
  const compile = (): PlatformRecord => compilePlatform(options.platform(), world.labelsByNamespace());
  let current = compile();
  return {
    current: () => current,
    compile() {
      current = compile();
      return current;
    },
  };
}

/** VirtualKeys that wait until somebody else drops a key. */
function createWaitingList() {
  const waiting = new Map<string, Map<string, ObjectKey>>();
  return {
    add(sha256: string, object: ObjectKey) {
      waiting.set(sha256, (waiting.get(sha256) ?? new Map()).set(object.key, object));
    },
    release(sha256: string): readonly ObjectKey[] {
      const released = [...(waiting.get(sha256)?.values() ?? [])];
      waiting.delete(sha256);
      return released;
    },
  };
}
