import { expect, test } from 'vitest';
import { fieldText, problemLine } from './problem.ts';

test('a path is written as people read it, odd keys in quotes', () => {
  expect(fieldText(['spec', 'budgets', 0, 'limit'])).toBe('spec.budgets[0].limit');
  expect(fieldText(['metadata', 'labels', 'a.b/c'])).toBe('metadata.labels["a.b/c"]');
  expect(fieldText([])).toBe('');
});

test('a problem is one line that editors can jump to', () => {
  const problem = { severity: 'error', file: 'a.yaml', line: 3, field: 'spec', message: 'is wrong' } as const;
  expect(problemLine(problem)).toBe('a.yaml:3: spec: is wrong');
  expect(problemLine({ ...problem, severity: 'warning', line: 0, field: '' })).toBe('a.yaml: warning: is wrong');
});
