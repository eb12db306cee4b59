import { expect, test } from 'vitest';
import { type AllowedNamespaces, consents, selectorMatches } from './reference.ts';

const shop = { namespace: 'shop', labels: { tier: 'prod', team: 'retail' } };

test('without consent an object is named from its own namespace only', () => {
  expect(consents(undefined, 'shop', shop)).toBe(true);
  expect(consents(undefined, 'platform', shop)).toBe(false);
  expect(consents({ from: 'Same' }, 'platform', shop)).toBe(false);
});

test('consent reaches all namespaces or the selected ones, and unknown labels are never selected', () => {
  const selected: AllowedNamespaces = { from: 'Selector', selector: { matchLabels: { tier: 'prod' } } };
  expect(consents({ from: 'All' }, 'platform', shop)).toBe(true);
  expect(consents(selected, 'platform', shop)).toBe(true);
  expect(consents(selected, 'platform', { namespace: 'shop', labels: { tier: 'dev' } })).toBe(false);
  expect(consents({ from: 'Selector', selector: {} }, 'platform', { namespace: 'x', labels: undefined })).toBe(false);
});

test.each([
  [{ key: 'tier', operator: 'In', values: ['prod', 'dev'] }, true],
  [{ key: 'tier', operator: 'In', values: ['dev'] }, false],
  [{ key: 'absent', operator: 'In', values: ['dev'] }, false],
  [{ key: 'tier', operator: 'NotIn', values: ['prod'] }, false],
  [{ key: 'absent', operator: 'NotIn', values: ['prod'] }, true],
  [{ key: 'tier', operator: 'Exists' }, true],
  [{ key: 'absent', operator: 'Exists' }, false],
  [{ key: 'tier', operator: 'DoesNotExist' }, false],
  [{ key: 'absent', operator: 'DoesNotExist' }, true],
] as const)('a requirement means what it means to Kubernetes: %o', (requirement, expected) => {
  const expression = 'values' in requirement ? { ...requirement, values: [...requirement.values] } : requirement;
  expect(selectorMatches({ matchExpressions: [expression] }, shop.labels)).toBe(expected);
  expect(selectorMatches({ matchLabels: { team: 'other' }, matchExpressions: [expression] }, shop.labels)).toBe(false);
});
