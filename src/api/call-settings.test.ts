import { expect, test } from 'vitest';
import { statedCallPolicy } from './call-settings.ts';

test('settings reach the core as integers, with Auto decided and nothing stated that was not written', () => {
  expect(statedCallPolicy(undefined)).toEqual({});
  expect(statedCallPolicy({ reservation: 'Auto', maxHold: '0.000000001', unbounded: '2.5' })).toEqual({
    reservation: 'Estimate',
    maxHold: 1n,
    unbounded: { type: 'Fixed', reserve: 2_500_000_000n },
  });
  expect(statedCallPolicy({ unbounded: 'ContextWindow', ledgerDown: 'Allow' })).toEqual({
    unbounded: { type: 'ContextWindow' },
    ledgerDown: 'Allow',
  });
});
