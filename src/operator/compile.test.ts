import { describe, expect, it } from 'vitest';
import type { VirtualKeySpec } from '../api/virtual-key.ts';
import { subjectPath } from '../core/subject.ts';
import { type CompileInput, compile, type Declared } from './compile.ts';
import { compileSubject, tombstone } from './compile-subject.ts';

const NOTHING: CompileInput = {
  virtualKeys: [],
  teams: [],
  users: [],
  namespaces: new Map(),
  hashes: new Map(),
  holders: new Map(),
};
const vkey = (name: string, spec: VirtualKeySpec = {}, namespace = 'shop'): Declared<VirtualKeySpec> => ({
  namespace,
  name,
  spec,
});
const team = (allowedNamespaces?: object) => [
  { namespace: 'platform', name: 'core', spec: allowedNamespaces === undefined ? {} : { allowedNamespaces } },
];
const keyOf = (input: Partial<CompileInput>, name = 'bot') =>
  compile({ ...NOTHING, ...input }).records.find((record) => record.subject.name === name)?.key;

describe('a reference to another namespace', () => {
  const bot = vkey('bot', { teamRef: { name: 'core', namespace: 'platform' } });
  const labels = new Map([['shop', { tier: 'retail' }]]);

  it.each<[string, object | undefined, 'teamRef' | null]>([
    ['resolves when the target allows all', { from: 'All' }, null],
    [
      'resolves when the target selects the labels of the namespace',
      { from: 'Selector', selector: { matchLabels: { tier: 'retail' } } },
      null,
    ],
    ['does not resolve without consent', undefined, 'teamRef'],
    ['does not resolve when the target keeps to itself', { from: 'Same' }, 'teamRef'],
    [
      'does not resolve when the selector wants other labels',
      { from: 'Selector', selector: { matchLabels: { tier: 'bank' } } },
      'teamRef',
    ],
  ])('%s', (_, allowed, expected) => {
    const teams = team(allowed) as unknown as CompileInput['teams'];
    expect(keyOf({ virtualKeys: [bot], teams, namespaces: labels })?.unresolved).toBe(expected);
  });

  it('to something missing is unresolved, never dropped: the Team stays named', () => {
    const key = keyOf({ virtualKeys: [bot] });
    expect(key?.unresolved).toBe('teamRef');
    expect(key?.team).toEqual({ kind: 'team', namespace: 'platform', name: 'core' });
  });

  it('changes the revision when consent is withdrawn, though no specification of the key changed', () => {
    const revisions = [team({ from: 'All' }), team()].map((teams) => {
      const input = { ...NOTHING, virtualKeys: [bot], teams: teams as unknown as CompileInput['teams'] };
      return compile(input).records.find((record) => record.subject.kind === 'vkey')?.revision;
    });
    expect(new Set(revisions).size).toBe(2);
  });
});

describe('a key held by two VirtualKeys', () => {
  const hashes = new Map([
    ['vkey/shop/a', [{ sha256: 'ff', validUntilMs: null }]],
    ['vkey/shop/b', [{ sha256: 'ff', validUntilMs: null }]],
  ]);
  const virtualKeys = [vkey('a'), vkey('b')];

  it('stays with the one that held it before', () => {
    const holders = new Map([['ff', { kind: 'vkey', namespace: 'shop', name: 'b' } as const]]);
    const compiled = compile({ ...NOTHING, virtualKeys, hashes, holders });
    expect(compiled.keys.get('ff')?.name).toBe('b');
    expect(compiled.keysInUse.map(({ subject }) => subjectPath(subject))).toEqual(['vkey/shop/a']);
  });

  it('goes to the other one as soon as the holder is gone or has another key', () => {
    const holders = new Map([['ff', { kind: 'vkey', namespace: 'shop', name: 'gone' } as const]]);
    const compiled = compile({ ...NOTHING, virtualKeys: [vkey('b')], hashes, holders });
    expect(compiled.keys.get('ff')?.name).toBe('b');
    expect(compiled.keysInUse).toEqual([]);
  });

  it('goes to the first by name when nobody held it', () => {
    const compiled = compile({ ...NOTHING, virtualKeys: virtualKeys.toReversed(), hashes });
    expect(compiled.keys.get('ff')?.name).toBe('a');
    expect(compiled.records.find((record) => record.subject.name === 'b')?.key?.hashes).toEqual([]);
  });
});

describe('a revision', () => {
  const subject = { kind: 'team', namespace: 'shop', name: 'shop' } as const;

  it('is the same for the same specification and another for any difference', () => {
    const limits = ['5', '5', '6'].map((limit) =>
      compileSubject(subject, { budgets: [{ name: 'daily', limit, period: '1d' }] }),
    );
    expect(limits[0]?.revision).toBe(limits[1]?.revision);
    expect(limits[0]?.revision).not.toBe(limits[2]?.revision);
    expect(limits[0]?.budgets[0]?.definition).toBe(limits[2]?.budgets[0]?.definition);
  });

  it('is the same in whatever order the raises of its budgets are listed, and another with other raises', () => {
    const daily = { name: 'daily', limit: '5', period: '1d' };
    const [first, second, endless] = [
      { amount: 7n, untilMs: 1000 },
      { amount: 9n, untilMs: 1000 },
      { amount: 1n, untilMs: null },
    ] as const;
    const lists = [[first, second, endless], [endless, second, first], [first, endless], []];
    const [one, other, fewer, none] = lists.map((raises) =>
      compileSubject(subject, { budgets: [daily] }, { raises: new Map([['daily', raises]]) }),
    );
    expect(one?.budgets[0]?.raises).toEqual([first, second, endless]);
    expect(other).toEqual(one);
    expect(fewer?.revision).not.toBe(one?.revision);
    expect(none).toEqual(compileSubject(subject, { budgets: [daily] }));
  });

  it('does not depend on raises of a budget that has no limit', () => {
    const watched = { budgets: [{ name: 'watch', softLimit: '5', period: '1d' }] };
    const raises = new Map([['watch', [{ amount: 7n, untilMs: null }]]]);
    expect(compileSubject(subject, watched, { raises })).toEqual(compileSubject(subject, watched));
  });

  it('of a suspended or deleted subject is one that no call carries', () => {
    expect(compileSubject(subject, { suspend: true }).revision).toMatch(/^!/);
    expect(tombstone(subject).revision).toMatch(/^!/);
  });

  it.each([
    ['period', { period: '1w' }],
    ['time zone', { timeZone: 'Asia/Tokyo' }],
    ['models', { models: ['o3*'] }],
  ])('%s makes another definition', (_, change) => {
    const budget = { name: 'daily', limit: '5', period: '1d' };
    const definitions = [budget, { ...budget, ...change }].map(
      (one) => compileSubject(subject, { budgets: [one] }).budgets[0]?.definition,
    );
    expect(definitions[0]).not.toBe(definitions[1]);
  });
});

it("a key inherits its Team's tags; its own win", () => {
  const teams = [{ namespace: 'shop', name: 'shop', spec: { tags: { costCenter: '1', area: 'web' } } }];
  const virtualKeys = [vkey('bot', { teamRef: { name: 'shop' }, tags: { costCenter: '2' } })];
  const record = compile({ ...NOTHING, virtualKeys, teams }).records.at(-1);
  expect(record?.tags).toEqual({ costCenter: '2', area: 'web' });
});
