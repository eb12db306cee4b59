import { expect, test } from 'vitest';
import { conditionsOf, fails, holds, isWarning, transitions } from './conditions.ts';

const AT = { generation: 3, nowMs: Date.UTC(2026, 0, 2) };
const EARLIER = '2026-01-01T00:00:00Z';

test('the time of a transition stays while the status does, whatever the reason and the message say', () => {
  const before = [{ type: 'Ready', status: 'False', reason: 'LedgerAway', message: 'x', lastTransitionTime: EARLIER }];
  expect(conditionsOf([fails('Ready', 'InvalidSpec', 'y')], before, AT)).toEqual([
    {
      type: 'Ready',
      status: 'False',
      reason: 'InvalidSpec',
      message: 'y',
      observedGeneration: 3,
      lastTransitionTime: EARLIER,
    },
  ]);
  expect(conditionsOf([holds('Ready', 'Reconciled', 'y')], before, AT)).toMatchObject([
    { lastTransitionTime: '2026-01-02T00:00:00Z' },
  ]);
});

test('a message is never longer than the API takes', () => {
  expect(conditionsOf([fails('Ready', 'InvalidSpec', 'x'.repeat(5_000))], [], AT)[0]?.message).toHaveLength(2_048);
});

test('news are another status or reason; of what is seen first only what matters', () => {
  const facts = [
    holds('Ready', 'Reconciled', ''),
    holds('Synced', 'InLedger', ''),
    fails('Stalled', 'Reconciled', ''),
    fails('Expired', 'AdjustmentApplied', ''),
    fails('KeyReady', 'SecretMissing', ''),
  ];
  expect(transitions(facts, []).map(({ type }) => type)).toEqual(['Ready', 'KeyReady']);
  const known = conditionsOf(facts, [], AT);
  expect(transitions(facts, known)).toEqual([]);
  expect(transitions([fails('KeyReady', 'KeyInUse', '')], known)).toHaveLength(1);
});

test('a warning is what people should look at', () => {
  expect([fails('Ready', 'KeyInUse', ''), holds('Stalled', 'KeyInUse', '')].map(isWarning)).toEqual([true, true]);
  expect([holds('Ready', 'Reconciled', ''), fails('Stalled', 'Reconciled', '')].map(isWarning)).toEqual([false, false]);
  expect([holds('Expired', 'WindowEnded', ''), fails('Expired', 'AdjustmentApplied', '')].map(isWarning)).toEqual([
    false,
    false,
  ]);
});
