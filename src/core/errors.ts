import type { BudgetRefusal } from './admission.ts';
import { assert } from './assert.ts';
import type { RefusalReason } from './decide.ts';
import { formatUsdShort } from './money.ts';
import { subjectPath } from './subject.ts';

/** HTTP status, OpenAI's `error.type`, and the public sentence that is said when nothing more precise is known. */
type Row = readonly [status: number, type: string, sentence: string];

const ROWS = {
  invalid_request: [400, 'invalid_request_error', 'The request is not valid.'],
  invalid_key: [401, 'authentication_error', 'The virtual key is missing, unknown, expired or suspended.'],
  budget_exceeded: [402, 'budget_exceeded', 'Budget has been exceeded!'],
  budget_too_small: [402, 'budget_exceeded', 'The call may cost more than the budget has left.'],
  reference_unresolved: [403, 'permission_error', 'The key belongs to a Team or User that is not available.'],
  team_required: [403, 'permission_error', 'The key belongs to no Team, and this platform requires one.'],
  model_not_allowed: [403, 'permission_error', 'The key may not call this model.'],
  route_not_supported: [403, 'permission_error', 'This route of the API is not supported.'],
  model_unpriced: [403, 'permission_error', 'The model has no price, so no budget can count it.'],
  call_unbounded: [403, 'permission_error', 'Nothing bounds what the call may cost.'],
  not_found: [404, 'invalid_request_error', 'There is no such route.'],
  model_not_found: [404, 'invalid_request_error', 'No provider serves this model.'],
  method_not_allowed: [405, 'invalid_request_error', 'The route does not accept this method.'],
  request_timeout: [408, 'invalid_request_error', 'The request did not arrive in time.'],
  body_too_large: [413, 'invalid_request_error', 'The request body is too large.'],
  unsupported_media_type: [415, 'invalid_request_error', 'The request body must be application/json in UTF-8.'],
  budget_reserved: [429, 'budget_exceeded', 'What is left of the budget is held by calls in flight.'],
  internal_error: [500, 'server_error', 'Something went wrong in the proxy.'],
  upstream_unreachable: [502, 'upstream_error', 'The provider could not be reached.'],
  provider_rejected: [502, 'upstream_error', 'The provider refused the credential of the proxy.'],
  ledger_away: [503, 'service_unavailable', 'The ledger does not answer, so no call can be admitted.'],
  ledger_cold: [503, 'service_unavailable', 'The ledger lost its data and is not yet restored.'],
  ledger_unattended: [503, 'service_unavailable', 'Nobody has attended to the ledger for a day.'],
  ledger_misconfigured: [503, 'service_unavailable', 'The ledger cannot be used as it is set up.'],
  overloaded: [503, 'service_unavailable', 'Too many calls are in flight.'],
  journal_unavailable: [503, 'service_unavailable', 'The proxy cannot journal settles, so it admits no call.'],
  shutting_down: [503, 'service_unavailable', 'The proxy is shutting down.'],
  provider_credential_missing: [503, 'service_unavailable', 'The proxy has no credential for the provider.'],
  upstream_timeout: [504, 'upstream_error', 'The provider did not answer in time.'],
} as const satisfies Record<string, Row>;

/** Every refusal and error that the proxy answers by itself, as `error.code`. */
export type ErrorCode = keyof typeof ROWS;

export interface ErrorSpec {
  /** HTTP status; of `budget_exceeded` the platform may choose another (`errors.budgetExceededStatus`). */
  readonly status: number;
  readonly type: string;
  /** Says nothing about keys, amounts or other tenants. */
  readonly sentence: string;
  /** Where docs/errors.md says who has to act. */
  readonly docAnchor: string;
}

/** The one table of errors, documented in docs/errors.md; a test keeps the two equal. */
export const ERRORS = Object.fromEntries(
  Object.entries(ROWS).map(([code, [status, type, sentence]]): [string, ErrorSpec] => [
    code,
    { status, type, sentence, docAnchor: `docs/errors.md#${code}` },
  ]),
) as Readonly<Record<ErrorCode, ErrorSpec>>;

const REFUSAL_CODES = {
  exhausted: 'budget_exceeded',
  too_large: 'budget_too_small',
  reserved: 'budget_reserved',
} as const satisfies Record<RefusalReason, ErrorCode>;

/** The code of a budget's refusal. */
export function refusalCode(reason: RefusalReason): ErrorCode {
  return REFUSAL_CODES[reason];
}

/**
 * The public message of a refusal. The sentence for a used-up budget starts as LiteLLM's does, because callers match on
 * it: `Budget has been exceeded! Current cost: 5.01, Max budget: 5.00 (vkey/shop/checkout-bot daily, resets ...)`.
 *
 * @param shown what the caller may see: amounts (`errors.amounts`), and whose budget it is by name or only by kind
 */
export function budgetMessage(refusal: BudgetRefusal, shown: { amounts: boolean; name: boolean }): string {
  assert(refusal.limit >= 0n, 'a limit is never negative');
  const resets = refusal.resetsAtMs === null ? 'never resets' : `resets ${instantText(refusal.resetsAtMs)}`;
  const whose = shown.name ? subjectPath(refusal.subject) : refusal.subject.kind;
  const where = `(${whose} ${refusal.budget}, ${resets})`;
  const sentence = ERRORS[refusalCode(refusal.reason)].sentence;
  return shown.amounts ? `${sentence} ${figures(refusal)} ${where}` : `${sentence} ${where}`;
}

function figures(refusal: BudgetRefusal): string {
  const spent = formatUsdShort(refusal.spent);
  const limit = `Max budget: ${formatUsdShort(refusal.limit)}`;
  if (refusal.reason === 'exhausted') return `Current cost: ${spent}, ${limit}`;
  const wanted = `This call: up to ${formatUsdShort(refusal.hold)}`;
  if (refusal.reason === 'reserved') {
    return `Current cost: ${spent}, Held: ${formatUsdShort(refusal.held)}, ${wanted}, ${limit}`;
  }
  return `${wanted}, Left: ${formatUsdShort(refusal.limit - refusal.spent)}, ${limit}`;
}

/** RFC 3339 in UTC, to the second where that is exact. */
function instantText(epochMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toString();
}
