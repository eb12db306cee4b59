import * as fc from 'fast-check';
import type { Json } from './specs.ts';

/* Pairs of a value and what somebody makes of it: members taken from another value of the same kind, lists turned. */

export interface Edit {
  readonly before: Json;
  readonly after: Json;
}

/** Members that identify the items of a list. */
const KEYS = ['name', 'user', 'percent'];

export function edits(values: fc.Arbitrary<Json>): fc.Arbitrary<Edit> {
  const dice = fc.array(fc.noBias(fc.nat(99)), { minLength: 30, maxLength: 30 });
  const percent = fc.constantFrom(0, 5, 10, 20, 40);
  return fc
    .record({ before: values, other: values, dice, percent })
    .map(({ before, other, dice: rolls, percent: taken }) => {
      let rolled = 0;
      const takes = (): boolean => (rolls[rolled++ % rolls.length] ?? 0) < taken;
      return { before, after: mixed(before, other, takes) as Json };
    });
}

function mixed(before: unknown, other: unknown, takes: () => boolean): unknown {
  if (takes()) return other;
  if (Array.isArray(before) && Array.isArray(other)) return mixedList(before, other, takes);
  if (!isMapping(before) || !isMapping(other)) return before;
  const names = new Set([...Object.keys(before), ...Object.keys(other)]);
  const members = [...names].map((name): [string, unknown] => {
    const both = Object.hasOwn(before, name) && Object.hasOwn(other, name);
    if (both && !KEYS.includes(name)) return [name, mixed(before[name], other[name], takes)];
    return [name, takes() ? other[name] : before[name]];
  });
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

function mixedList(before: readonly unknown[], other: readonly unknown[], takes: () => boolean): unknown[] {
  if (!before.every(isMapping)) return before.toReversed();
  const key = KEYS.find((candidate) => before.some((item) => candidate in item));
  const items = before.map((item) => {
    const twin = other.find((one) => key !== undefined && isMapping(one) && one[key] === item[key]);
    return twin === undefined ? item : mixed(item, twin, takes);
  });
  return items.filter(() => !takes()).toReversed();
}

function isMapping(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
