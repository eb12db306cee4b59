import type { BudgetRefusal, Left } from '../core/admission.ts';
import { type ErrorCode, refusalCode } from '../core/errors.ts';
import type { Hold, HoldId } from '../core/hold.ts';
import type { Nanos } from '../core/money.ts';
import type { Price } from '../core/price.ts';
import type { Provider } from '../core/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ledger, ReserveCall, ReserveOutcome } from '../ports/ledger.ts';
import type { ProxyMetrics } from '../ports/proxy-metrics.ts';
import type { CallSubjects } from './call-subjects.ts';
import type { Directory } from './directory.ts';
import { type CallFacts, type Plan, type PlanRefusal, planCall, reserveCall } from './plan.ts';
import type { Journal } from './journal.ts';
import type { Session } from './session.ts';
import type { Settler } from './settler.ts';
import { createWindowCache } from './window-cache.ts';

/** A call that may go to its provider: money is held for it. */
export interface AdmittedCall {
  readonly kind: 'admitted';
  readonly id: HoldId;
  readonly hold: Hold;
  readonly subjects: CallSubjects;
  readonly provider: Provider;
  /** Null: unpriced and allowed; it costs 0 and is marked. */
  readonly price: Price | null;
  /** What such a call usually costs, nano-USD: settled when an answer was cut before anything of it was seen. */
  readonly likely: Nanos;
  /** Under a Deny budget: the hold covers the most that the call can cost. */
  readonly isCapped: boolean;
  readonly left: readonly (Left | null)[];
}

/** Why a call does not go to its provider. */
export interface RefusedCall extends PlanRefusal {
  /** With a budget's refusal. */
  readonly refusal: BudgetRefusal | null;
  /** Ledger time of the refusal, epoch ms. */
  readonly nowMs: number;
}

export interface Admission {
  /** Admits under every budget at once, or says why not. @throws PortError, RecordFormatError of the directory */
  admit(facts: CallFacts): Promise<AdmittedCall | RefusedCall>;
}

const ATTEMPTS = 4;

export interface AdmissionDeps {
  readonly directory: Directory;
  readonly ledger: Ledger;
  readonly session: Session;
  readonly settler: Settler;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly metrics: ProxyMetrics;
  /** A call was refused only because of holds: some of them may be a lost proxy's. */
  readonly onReserved: () => void;
}

export function createAdmission(deps: AdmissionDeps): Admission {
  const { directory, session, settler, journal } = deps;
  const windows = createWindowCache();

  /** What the ledger's word makes of the call; 'again' when it taught this process something new. */
  const judge = (outcome: ReserveOutcome, call: ReserveCall, plan: Plan): AdmittedCall | RefusedCall | 'again' => {
    const { subjects, provider, price, likely, isCapped } = plan;
    if ('nowMs' in outcome && !session.time.observe(outcome.nowMs)) {
      return refuse('ledger_away', 'its clock jumped', subjects);
    }
    switch (outcome.kind) {
      case 'admitted':
        session.opened(call.id);
        return {
          kind: 'admitted',
          id: call.id,
          hold: call.hold,
          subjects,
          provider,
          price,
          likely,
          isCapped,
          left: outcome.left,
        };
      case 'stale':
        directory.forget(outcome.which);
        return 'again';
      case 'moved':
        if (outcome.window !== null) windows.adopt(outcome.window);
        return 'again';
      default:
        if (outcome.kind === 'refused' && outcome.refusal.reason === 'reserved') deps.onReserved();
        return unadmitted(outcome, subjects);
    }
  };

  /** Ends an id that holds nothing. A reserve that timed out may still arrive: whatever becomes of it, it is released. */
  const abandon = (call: ReserveCall, last: ReserveOutcome): void => {
    if (last.kind !== 'admitted' && !(last.kind === 'away' && last.uncertain)) session.resolved(call.id.seq);
    else settler.submit({ id: call.id, hold: call.hold, actual: 0n, usage: null });
  };

  return {
    async admit(facts) {
      if (!session.isRegistered()) return refuse('ledger_away', 'it has not answered since this proxy started', null);
      if (!journal.hasRoom()) return refuse('journal_unavailable', '', null);
      for (let tries = 0; tries < ATTEMPTS; tries += 1) {
        const nowMs = session.time.estimateMs();
        const plan = await planCall(directory, facts, nowMs);
        if (plan.kind === 'refused') return { ...plan, refusal: null, nowMs };
        // The id is taken last: whatever is thrown before leaves none unresolved.
        const call = { ...reserveCall(plan, facts, { nowMs, windows }), id: session.nextId() };
        const outcome = await reserve(deps, call);
        const result = judge(outcome, call, plan);
        if (result === 'again' || result.kind === 'refused') abandon(call, outcome);
        if (result !== 'again') return result;
      }
      return refuse('ledger_away', 'its records keep changing', null);
    },
  };
}

async function reserve({ ledger, clock, metrics }: AdmissionDeps, call: ReserveCall): Promise<ReserveOutcome> {
  const startedMs = clock.monotonicMs();
  const outcome = await ledger.reserve(call);
  metrics.ledger('reserve', (clock.monotonicMs() - startedMs) / 1000);
  return outcome;
}

function unadmitted(
  outcome: Exclude<ReserveOutcome, { kind: 'admitted' | 'moved' | 'stale' }>,
  subjects: CallSubjects,
): RefusedCall {
  switch (outcome.kind) {
    case 'refused': {
      const { refusal, nowMs } = outcome;
      return { kind: 'refused', code: refusalCode(refusal.reason), detail: '', refusal, subjects, nowMs };
    }
    case 'conflict':
      return refuse('internal_error', 'the call id was used before', subjects);
    case 'unattended':
      return refuse('ledger_unattended', '', subjects);
    case 'cold':
      return refuse('ledger_cold', '', subjects);
    case 'away':
      return refuse('ledger_away', '', subjects);
    case 'misconfigured':
      return refuse('ledger_misconfigured', '', subjects);
  }
}

function refuse(code: ErrorCode, detail: string, subjects: CallSubjects | null): RefusedCall {
  return { kind: 'refused', code, detail, refusal: null, subjects, nowMs: 0 };
}
