import { type Left, refusedBy, type Standing, tightest } from '../../core/admission.ts';
import { assert } from '../../core/assert.ts';
import { admissionTop } from '../../core/decide.ts';
import { encodeHold } from '../../core/hold.ts';
import { baseField, proposedWindow, windowField } from '../../core/ledger-fields.ts';
import type { Nanos } from '../../core/money.ts';
import type { ReserveBudget, ReserveCall, ReserveGroup, ReserveOutcome } from '../../ports/ledger.ts';
import type { Connection, Reply } from './connection.ts';
import type { LedgerKeys } from './keys.ts';

/** Above every amount: the budget never refuses. */
const NO_TOP = '9e99';
/** Windows remembered as open; forgetting one costs a few more bytes in one call. */
const MOST_WINDOWS = 100_000;

/** `Ledger.reserve` over one script. The long form, which may open windows, is sent only while one may be new. */
export function createReserve(
  connection: Connection,
  keys: LedgerKeys,
): (call: ReserveCall) => Promise<ReserveOutcome> {
  const opened = new Set<string>();

  const windowsOf = (call: ReserveCall): string[] =>
    call.groups.flatMap((group) => {
      const key = keys.subject(group.subject);
      return group.budgets.map((budget) => `${key} ${baseOf(group, budget)}`);
    });

  const remember = (windows: readonly string[]): void => {
    if (opened.size > MOST_WINDOWS) opened.clear();
    for (const window of windows) opened.add(window);
  };

  const send = (call: ReserveCall, long: boolean): ReturnType<Connection['run']> =>
    connection.run('reserve', reserveKeys(keys, call), reserveArgs(call, long));

  return async (call) => {
    assert(call.groups.length === call.hold.charges.length, 'a hold has one charge per group');
    const windows = windowsOf(call);
    let long = windows.some((window) => !opened.has(window));
    let answer = await send(call, long);
    if (answer.kind === 'answer' && answer.verdict === 'mint') {
      long = true;
      answer = await send(call, long);
    }
    if (answer.kind !== 'answer') return answer;
    const outcome = outcomeOf(call, answer.verdict, answer.values);
    if (long && outcome.kind === 'admitted') remember(windows);
    return outcome;
  };
}

function reserveKeys(keys: LedgerKeys, call: ReserveCall): string[] {
  const subjects = call.groups.map((group) => keys.subject(group.subject));
  return [keys.meta, keys.proxy(call.id.proxy), keys.live, ...subjects];
}

function reserveArgs(call: ReserveCall, long: boolean): string[] {
  const { id, hold } = call;
  const args = [String(id.seq), encodeHold(hold), String(hold.amount), call.platformRevision];
  args.push(String(call.fromMs), String(call.untilMs), long ? '1' : '0');
  for (const group of call.groups) {
    // The revision of an inactive subject admits nothing, not even a call that was compiled with it.
    args.push(group.revision.startsWith('!') ? '' : group.revision, group.counter, String(group.budgets.length));
    for (const budget of group.budgets) args.push(baseOf(group, budget));
    for (const budget of group.budgets) args.push(top(call, budget));
    if (!long) continue;
    for (const budget of group.budgets) {
      args.push(windowField(budget.name), proposedWindow(budget.window, budget.definition));
    }
  }
  return args;
}

function baseOf(group: ReserveGroup, budget: ReserveBudget): string {
  return baseField(group.counter, budget.name, budget.window.startSeconds);
}

function top(call: ReserveCall, budget: ReserveBudget): string {
  return call.free ? NO_TOP : String(admissionTop(budget, call.hold.amount) ?? NO_TOP);
}

function outcomeOf(call: ReserveCall, verdict: string, values: readonly Reply[]): ReserveOutcome {
  const nowMs = Number(values[0]);
  switch (verdict) {
    case 'admitted':
      return { kind: 'admitted', nowMs, left: leftOf(call, values.slice(1), call.hold.amount) };
    case 'again':
      return { kind: 'admitted', nowMs, left: leftOf(call, values.slice(1), 0n) };
    case 'refused':
      return { kind: 'refused', nowMs, refusal: refusedBy(violatedOf(call, values.slice(1)), call.hold.amount) };
    case 'moved':
      return { kind: 'moved', nowMs, window: null };
    case 'window': {
      const [group, budget] = budgetAt(call, values[1], values[2]);
      const window = { startSeconds: Number(values[3]), endSeconds: values[4] === '' ? null : Number(values[4]) };
      return { kind: 'moved', nowMs, window: { subject: group.subject, budget: budget.name, window } };
    }
    case 'stale':
      return { kind: 'stale', nowMs, which: call.groups[Number(values[1])]?.subject ?? null };
    case 'redefined': {
      const [group, budget] = budgetAt(call, values[0], values[1]);
      return redefined(group, budget);
    }
    case 'conflict':
    case 'unattended':
      return { kind: verdict };
    default:
      assert(false, `reserve answered ${verdict}`);
  }
}

function redefined(group: ReserveGroup, budget: ReserveBudget): ReserveOutcome {
  const { kind, namespace, name } = group.subject;
  return {
    kind: 'misconfigured',
    what: `budget ${budget.name} of ${kind}/${namespace}/${name} is counted under another definition: a different window is a different budget, add it under a new name`,
  };
}

function budgetAt(
  call: ReserveCall,
  groupIndex: Reply | undefined,
  budgetIndex: Reply | undefined,
): [ReserveGroup, ReserveBudget] {
  const group = call.groups[Number(groupIndex)];
  const budget = group?.budgets[Number(budgetIndex)];
  assert(group !== undefined && budget !== undefined, `the script names budget ${String(budgetIndex)} of a call`);
  return [group, budget];
}

/** The script answers each group's counters as they were; what is left is computed exactly here. */
function leftOf(call: ReserveCall, counters: readonly Reply[], hold: Nanos): (Left | null)[] {
  return call.groups.map((group, index) => {
    const [total = '0', held = '0', ...bases] = String(counters[index]).split(' ');
    const standings = group.budgets.map((budget, i) => {
      const base = bases[i] ?? '-';
      return standing(group, budget, { total, base: base === '-' ? total : base, held });
    });
    return tightest(standings, hold);
  });
}

function violatedOf(call: ReserveCall, violations: readonly Reply[]): Standing[] {
  return violations.map((violation) => {
    const [group, budget, total, base, held] = violation as readonly [number, number, string, string, string];
    return standing(...budgetAt(call, group, budget), { total, base, held });
  });
}

function standing(
  group: ReserveGroup,
  budget: ReserveBudget,
  counted: { readonly total: string; readonly base: string; readonly held: string },
): Standing {
  const { endSeconds } = budget.window;
  return {
    subject: group.subject,
    budget: budget.name,
    limit: budget.limit,
    overdraft: budget.overdraft,
    resetsAtMs: endSeconds === null ? null : endSeconds * 1000,
    spent: BigInt(counted.total) - BigInt(counted.base),
    held: BigInt(counted.held),
  };
}
