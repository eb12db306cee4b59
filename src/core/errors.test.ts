import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BudgetRefusal } from './admission.ts';
import { budgetMessage, ERRORS, type ErrorCode, refusalCode } from './errors.ts';

/** The sections of docs/errors.md: code, and the text below its heading. */
const sections = new Map(
  readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section): [string, string] => {
      const [code = '', ...text] = section.split('\n');
      return [code, text.join('\n')];
    }),
);

describe('docs/errors.md', () => {
  it('documents every code, and no other, in the order of the table', () => {
    expect([...sections.keys()]).toEqual(Object.keys(ERRORS));
  });

  it.each(Object.entries(ERRORS))('says of %s what the proxy says, who has to act and what to do', (code, error) => {
    const section = sections.get(code) ?? '';
    expect(section).toContain(`\n${error.status}: ${error.sentence}\n`);
    for (const part of ['What happened', 'Who has to act', 'What to do']) {
      expect(section).toMatch(new RegExp(`^- \\*\\*${part}:\\*\\* \\S.*\\.$`, 'm'));
    }
    expect(error.docAnchor).toBe(`docs/errors.md#${code}`);
  });
});

describe('the table of errors', () => {
  it('has the statuses of the contract: SDKs retry by them', () => {
    const statuses: Record<ErrorCode, number> = {
      invalid_request: 400,
      invalid_key: 401,
      budget_exceeded: 402,
      budget_too_small: 402,
      reference_unresolved: 403,
      team_required: 403,
      model_not_allowed: 403,
      route_not_supported: 403,
      model_unpriced: 403,
      call_unbounded: 403,
      not_found: 404,
      model_not_found: 404,
      method_not_allowed: 405,
      request_timeout: 408,
      body_too_large: 413,
      unsupported_media_type: 415,
      budget_reserved: 429,
      internal_error: 500,
      upstream_unreachable: 502,
      provider_rejected: 502,
      ledger_away: 503,
      ledger_cold: 503,
      ledger_unattended: 503,
      ledger_misconfigured: 503,
      journal_unavailable: 503,
      overloaded: 503,
      shutting_down: 503,
      provider_credential_missing: 503,
      upstream_timeout: 504,
    };
    expect(Object.fromEntries(Object.entries(ERRORS).map(([code, { status }]) => [code, status]))).toEqual(statuses);
  });

  it('names every refusal of a budget by its own code', () => {
    expect((['exhausted', 'too_large', 'reserved'] as const).map(refusalCode)).toEqual([
      'budget_exceeded',
      'budget_too_small',
      'budget_reserved',
    ]);
  });
});

describe('budgetMessage', () => {
  const refusal: BudgetRefusal = {
    reason: 'exhausted',
    subject: { kind: 'vkey', namespace: 'shop', name: 'checkout-bot' },
    budget: 'daily',
    spent: 5_010_000_000n,
    held: 400_000_000n,
    limit: 5_000_000_000n,
    hold: 350_000_000n,
    resetsAtMs: Date.UTC(2026, 10, 26),
  };
  const where = '(vkey/shop/checkout-bot daily, resets 2026-11-26T00:00:00Z)';

  it.each<[string, Partial<BudgetRefusal>, boolean, string]>([
    [
      'a used-up budget is told in the words that callers of LiteLLM match on',
      {},
      true,
      `Budget has been exceeded! Current cost: 5.01, Max budget: 5.00 ${where}`,
    ],
    ['amounts are left out where the caller may not see them', {}, false, `Budget has been exceeded! ${where}`],
    [
      'a lifetime budget never resets',
      { resetsAtMs: null, budget: 'total' },
      false,
      'Budget has been exceeded! (vkey/shop/checkout-bot total, never resets)',
    ],
    [
      'a call that is too large is told what it may cost and what is left',
      { reason: 'too_large', spent: 4_880_000_000n },
      true,
      `The call may cost more than the budget has left. This call: up to 0.35, Left: 0.12, Max budget: 5.00 ${where}`,
    ],
    [
      'a call that only has to wait is told what is held',
      { reason: 'reserved', spent: 4_500_000_000n },
      true,
      `What is left of the budget is held by calls in flight. Current cost: 4.50, Held: 0.40, This call: up to 0.35, Max budget: 5.00 ${where}`,
    ],
  ])('%s', (_, change, amounts, message) => {
    expect(budgetMessage({ ...refusal, ...change }, { amounts, name: true })).toBe(message);
  });

  it("names a budget above the caller's by its kind only", () => {
    const team: BudgetRefusal = {
      ...refusal,
      subject: { kind: 'team', namespace: 'platform', name: 'secret-project' },
    };
    const message = budgetMessage(team, { amounts: false, name: false });
    expect(message).toBe('Budget has been exceeded! (team daily, resets 2026-11-26T00:00:00Z)');
  });
});
