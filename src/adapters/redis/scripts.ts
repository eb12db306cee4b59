import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LEDGER_FORMAT } from '../../core/ledger-fields.ts';
import {
  DEADLINE_MS,
  LEASE_MS,
  MAX_CALL_MS,
  PRUNE_LEAST,
  PRUNE_MOST,
  TIME_JUMP_MS,
  TIME_STEP_MS,
  TOO_OLD_MS,
} from '../../core/ledger-time.ts';

/** The operations, each one file in lua/, and the shared parts that its body needs, in order. */
const PARTS = {
  reserve: ['gate', 'add', 'alive', 'windows'],
  settle: ['gate', 'add', 'shift', 'credit'],
  beat: ['gate', 'add', 'alive'],
  due: ['gate'],
  sweep: ['gate', 'add', 'shift'],
  read: ['gate'],
  edit: ['gate'],
  adjust: ['gate', 'add', 'minus'],
  'edit-platform': ['gate'],
  'renew-lease': ['gate'],
  hello: [],
  claim: [],
  'accept-loss': [],
} as const;

export type ScriptName = keyof typeof PARTS;

export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** Where `now` comes from: the server's clock, or a field that a test sets. The only line that differs. */
const NOW = {
  server: `local now = (function() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end)()`,
  test: `local now = tonumber(redis.call('HGET', KEYS[1], 'test:now'))`,
} as const;
export type TimeSource = keyof typeof NOW;

const CONSTANTS = Object.entries({
  DEADLINE_MS,
  LEASE_MS,
  MAX_CALL_MS,
  PRUNE_LEAST,
  PRUNE_MOST,
  TIME_JUMP_MS,
  TIME_STEP_MS,
  TOO_OLD_MS,
}).map(([name, value]) => `local ${name} = ${value}`);

/** Every operation's script: its flags, the generated prelude (constants and `now`), the shared parts, its body. */
export function loadScripts(time: TimeSource): Readonly<Record<ScriptName, Script>> {
  const names = Object.keys(PARTS) as ScriptName[];
  return Object.fromEntries(names.map((name) => [name, assemble(name, time)])) as Record<ScriptName, Script>;
}

function assemble(name: ScriptName, time: TimeSource): Script {
  const [flags = '', ...body] = lua(name).split('\n');
  const prelude = [`local FORMAT = '${LEDGER_FORMAT}'`, ...CONSTANTS, NOW[time]];
  const source = [flags, ...prelude, ...PARTS[name].map(lua), ...body].join('\n');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

function lua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
