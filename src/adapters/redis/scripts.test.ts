import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadScripts, type ScriptName } from './scripts.ts';

const server = loadScripts('server');
const names = Object.keys(server) as ScriptName[];
const FOLDER = new URL('./lua/', import.meta.url);

test('a test may move time, and nothing but the line that reads it differs from production', () => {
  const tested = loadScripts('test');
  for (const name of names) {
    const [production, test_] = [server[name].source.split('\n'), tested[name].source.split('\n')];
    const differing = production.flatMap((line, i) => (line === test_[i] ? [] : [[line, test_[i]]]));
    expect(production).toHaveLength(test_.length);
    expect(differing).toEqual([[expect.stringContaining(`redis.call('TIME')`), expect.stringContaining('test:now')]]);
  }
});

test('every Lua file is an operation or a part of one', () => {
  const files = globSync('*.lua', { cwd: FOLDER }).map((file) => file.replace('.lua', ''));
  const used = files.filter((file) => {
    const text = readFileSync(new URL(`${file}.lua`, FOLDER), 'utf8').replace(/^#!.*\n/, '');
    return names.some((name) => server[name].source.includes(text));
  });
  expect(used.toSorted()).toEqual(files.toSorted());
});

test('only admission stops when Redis has no memory left: money that was spent is always booked', () => {
  const flags = Object.fromEntries(names.map((name) => [name, server[name].source.split('\n', 1)[0]]));
  const refused = names.filter((name) => !/allow-oom|no-writes/.test(flags[name] ?? ''));
  expect(refused).toEqual(['reserve']);
  for (const name of names) expect(flags[name]).toMatch(/^#!lua/);
});
