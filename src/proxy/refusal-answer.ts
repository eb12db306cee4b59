import type { BudgetRefusal } from '../core/admission.ts';
import { budgetMessage, ERRORS, type ErrorCode } from '../core/errors.ts';
import { formatUsd } from '../core/money.ts';
import { type ErrorPolicy, RecordFormatError } from '../core/record.ts';
import { subjectPath } from '../core/subject.ts';
import { PortError } from '../ports/record-store.ts';
import type { RefusedCall } from './admission.ts';
import type { HttpAnswer } from './http-answer.ts';

/** An error answer in OpenAI's shape; SDKs read `.error`. `detail` completes the table's public sentence. */
export function errorAnswer(code: ErrorCode, detail = '', param: string | null = null): HttpAnswer {
  const { status, type, sentence } = ERRORS[code];
  const message = detail === '' ? sentence : `${sentence} (${detail})`;
  const headers: Record<string, string> = status === 503 || status === 429 ? { 'retry-after': '1' } : {};
  return { status, headers, body: { error: { message, type, param, code } } };
}

/** The answer to a request during which something was thrown: the record store's troubles are the ledger's. */
export function thrownAnswer(error: unknown): HttpAnswer {
  if (error instanceof PortError) return errorAnswer(error.transient ? 'ledger_away' : 'ledger_misconfigured');
  return errorAnswer(error instanceof RecordFormatError ? 'ledger_misconfigured' : 'internal_error');
}

/** The answer to a call that was refused, under the platform's error policy (design section 5). */
export function refusalAnswer(refused: RefusedCall): HttpAnswer {
  const { refusal, subjects } = refused;
  if (refusal === null || subjects === null) return errorAnswer(refused.code, refused.detail);
  const policy = subjects.platform.record.errors;
  const own = subjectPath(refusal.subject) === subjectPath(subjects.key.subject);
  const showsAmounts = policy.amounts === 'All' || (policy.amounts === 'Own' && own);
  const showsName = own || policy.amounts === 'All';
  const { status, headers } = statusOf(refused, refusal, policy);
  return {
    status,
    headers,
    body: {
      error: {
        message: budgetMessage(refusal, { amounts: showsAmounts, name: showsName }),
        type: ERRORS[refused.code].type,
        param: null,
        code: refused.code,
        budgetd: {
          ...(showsName ? { subject: subjectPath(refusal.subject) } : { subject_kind: refusal.subject.kind }),
          budget: refusal.budget,
          ...(showsAmounts ? amountsOf(refusal) : {}),
          resetsAt: refusal.resetsAtMs === null ? null : new Date(refusal.resetsAtMs).toISOString(),
        },
      },
    },
  };
}

function amountsOf(refusal: BudgetRefusal): Record<string, string> {
  return {
    limit: formatUsd(refusal.limit),
    spent: formatUsd(refusal.spent),
    held: formatUsd(refusal.held),
    hold: formatUsd(refusal.hold),
  };
}

/**
 * 402 tells SDKs not to retry. Near a window's end waiting does help, so it becomes 429 with the seconds to wait; money
 * that is only held by calls in flight is 429 for a second.
 */
function statusOf(
  refused: RefusedCall,
  refusal: BudgetRefusal,
  policy: ErrorPolicy,
): { status: number; headers: Record<string, string> } {
  if (refusal.reason === 'reserved') return { status: ERRORS[refused.code].status, headers: { 'retry-after': '1' } };
  const waitMs = refusal.resetsAtMs === null ? Infinity : refusal.resetsAtMs - refused.nowMs;
  if (refusal.reason === 'exhausted' && waitMs <= policy.retryWithinMs) {
    return { status: 429, headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) } };
  }
  return { status: policy.budgetExceededStatus, headers: { 'x-should-retry': 'false' } };
}
