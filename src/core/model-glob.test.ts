import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches, literalLength, modelIsListed, modelMatches } from './model-glob.ts';

/** The same meaning by other means: every character literal but the star. */
function oracle(pattern: string, text: string): boolean {
  const literals = lower(pattern).split('*');
  return new RegExp(`^${literals.map((literal) => RegExp.escape(literal)).join('.*')}$`, 's').test(lower(text));
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

describe('globMatches', () => {
  it.each([
    ['gpt-5*', 'gpt-5', true],
    ['gpt-5*', 'gpt-5-mini', true],
    ['gpt-5', 'gpt-5-mini', false],
    ['gpt-5', 'my-gpt-5', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['*-mini', 'gpt-5-mini', true],
    ['*mini*', 'gpt-5-mini-2026', true],
    ['a*b*c', 'abbbc', true],
    ['a*b*c', 'acb', false],
    ['GPT-5', 'gpt-5', true],
    ['gpt.5', 'gpt-5', false],
    ['o[13]', 'o1', false],
    ['o?', 'o1', false],
    ['\u212A', 'k', false],
    ['**a**', 'a', true],
  ])('%j against %j: %s', (pattern, text, matches) => {
    expect(globMatches(pattern, text)).toBe(matches);
  });

  it('agrees with regular expressions on any pattern and text', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '*', '.', '\\', '\n', 'é'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '.', '*', '\n', 'é'), maxLength: 10 });
    fc.assert(
      fc.property(part, text, (pattern, name) => {
        expect(globMatches(pattern, name)).toBe(oracle(pattern, name));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is not slowed down by many stars: a pattern is tenant input', () => {
    expect(globMatches('*a'.repeat(500), `${'a'.repeat(20_000)}b`)).toBe(false);
  });
});

describe('modelMatches', () => {
  it('matches the name as it stands and with its provider', () => {
    expect(modelMatches('claude-*', 'anthropic', 'claude-5')).toBe(true);
    expect(modelMatches('anthropic/claude-*', 'anthropic', 'claude-5')).toBe(true);
    expect(modelMatches('openai/claude-*', 'anthropic', 'claude-5')).toBe(false);
  });

  it('a list without entries allows every model, one with entries only those', () => {
    expect(modelIsListed([], 'p', 'm')).toBe(true);
    expect(modelIsListed(['a', 'm*'], 'p', 'm1')).toBe(true);
    expect(modelIsListed(['a'], 'p', 'm1')).toBe(false);
  });
});

describe('literalLength', () => {
  it('counts what is not a star', () => {
    expect(['', '*', 'gpt-*', '*a*b*'].map(literalLength)).toEqual([0, 0, 4, 2]);
  });
});
