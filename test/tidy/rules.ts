/** House rules that the linter cannot see, each with a text that breaks it and one that keeps it. */
export interface TidyRule {
  readonly name: string;
  /** The files that the rule is about, by path from the repository's root. */
  readonly about: (path: string) => boolean;
  readonly isBroken: (text: string, path: string) => boolean;
  readonly broken: readonly [path: string, text: string];
  readonly kept: readonly [path: string, text: string];
}

const isSource = (path: string): boolean => /^src\/.*\.ts$/.test(path) && !path.endsWith('.test.ts');
const isCode = (path: string): boolean => /^(src|test|scripts)\/.*\.ts$/.test(path);
/** This folder speaks of what it forbids. */
const isWritten = (path: string): boolean => /\.(ts|lua|md|ya?ml|json)$/.test(path) && !path.startsWith('test/tidy');
const isScript = (path: string): boolean => path.endsWith('.lua');

const nameOf = (path: string): string => /([^/]*?)(\.test)?\.[a-z]+$/.exec(path)?.[1] ?? path;
const FORBIDDEN_NAME = /(^|-)(utils?|helpers?|common|misc|types?|manager|service|base)$/;

export const TIDY_RULES: readonly TidyRule[] = [
  {
    name: 'a file has a name in kebab-case',
    about: (path) => isCode(path) || isScript(path),
    isBroken: (_, path) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(nameOf(path)),
    broken: ['src/core/modelGlob.ts', ''],
    kept: ['src/core/model-glob.test.ts', ''],
  },
  {
    name: 'a file is named for what it holds, not utils, helpers, common, misc, types, manager, service or base',
    about: isCode,
    isBroken: (_, path) => FORBIDDEN_NAME.test(nameOf(path)),
    broken: ['src/proxy/stream-utils.ts', ''],
    kept: ['src/proxy/service-tier.ts', ''],
  },
  {
    name: 'a source file is one idea: at most 300 lines',
    about: (path) => isSource(path) || isScript(path),
    isBroken: (text) => text.trimEnd().split('\n').length > 300,
    broken: ['src/core/long.ts', 'x\n'.repeat(301)],
    kept: ['src/core/long.ts', 'x\n'.repeat(300)],
  },
  {
    name: 'only the clock adapter knows what time it is',
    about: (path) => isSource(path) && !path.startsWith('src/adapters/clock/'),
    isBroken: (text) => /new Date\(\)|\bDate\(\)|Temporal\.Now|node:timers|hrtime/.test(text),
    broken: ['src/proxy/a.ts', 'const at = new Date();'],
    kept: ['src/proxy/a.ts', 'const at = new Date(epochMs);'],
  },
  {
    name: 'only the random adapter is random',
    about: (path) => isSource(path) && !path.startsWith('src/adapters/random/'),
    isBroken: (text) => /random(UUID|UUIDv7|Bytes|Int|Fill|FillSync)\b|getRandomValues/.test(text),
    broken: ['src/proxy/a.ts', 'const id = crypto.randomUUID();'],
    kept: ['src/proxy/a.ts', 'const id = random.uuid();'],
  },
  {
    name: 'there are no barrels: whoever needs a name imports it from where it is made',
    about: isSource,
    isBroken: (text) => /^export (type )?(\*|\{[^}]*\}) from /m.test(text),
    broken: ['src/core/a.ts', "export { costNanos } from './price.ts';"],
    kept: ['src/core/a.ts', "import { costNanos } from './price.ts';"],
  },
  {
    name: 'no test is left out',
    about: (path) => isCode(path) && !path.startsWith('test/tidy'),
    isBroken: (text) => /\b(it|test|describe|suite)\.(only|skip|todo|fails)\b/.test(text),
    broken: ['src/core/a.test.ts', "it.only('works', () => {});"],
    kept: ['src/core/a.test.ts', "it.each([1])('works', () => {});"],
  },
  {
    name: 'nothing is put off',
    about: isWritten,
    isBroken: (text) => /\b(TODO|FIXME|XXX|HACK)\b|\bfor now\b/.test(text),
    broken: ['docs/a.md', 'This is fine for now.'],
    kept: ['docs/a.md', 'This is fine.'],
  },
  {
    name: 'no path of one machine is written down',
    about: isWritten,
    isBroken: (text) => /(?<![\w.:/-])\/(home|Users|root|work)\/\w/.test(text),
    broken: ['scripts/a.ts', "readFileSync('/home/ann/budgetd.yaml')"],
    kept: ['scripts/a.ts', "fetch('https://example.com/home/ann')"],
  },
  {
    name: 'a Lua script says its purpose, KEYS, ARGV and what it returns; a part of scripts says its purpose',
    about: isScript,
    isBroken: (text, path) => {
      const header = text.slice(0, text.search(/^(?!#!|--)/m));
      const wanted = [
        `-- ${nameOf(path)}: `,
        ...(text.startsWith('#!lua') ? ['-- KEYS', '-- ARGV', '-- returns'] : []),
      ];
      return !wanted.every((start) => header.includes(`\n${start}`) || header.startsWith(start));
    },
    broken: ['src/adapters/redis/lua/read.lua', '#!lua\n-- read: one subject.\n-- KEYS a\n-- ARGV b\nreturn 1\n'],
    kept: [
      'src/adapters/redis/lua/read.lua',
      '#!lua\n-- read: one subject.\n-- KEYS a\n-- ARGV b\n-- returns 1\nreturn 1\n',
    ],
  },
];
