import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIDY_RULES } from './tidy/rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const texts = new Map(
  globSync(['{src,test,scripts,docs,config,charts}/**/*.{ts,lua,md,yaml,yml,json}', '*.{md,ts,json}'], { cwd: root })
    .filter((path) => path !== 'package-lock.json')
    .map((path): [string, string] => [path, readFileSync(join(root, path), 'utf8')]),
);

describe.each(TIDY_RULES)('$name', ({ about, isBroken, broken, kept }) => {
  it('is a rule that a planted fault breaks, and that ordinary text keeps', () => {
    expect([broken, kept].map(([path, text]) => about(path) && isBroken(text, path))).toEqual([true, false]);
  });

  it('is kept everywhere', () => {
    const offenders = [...texts].filter(([path, text]) => about(path) && isBroken(text, path));
    expect(offenders.map(([path]) => path)).toEqual([]);
  });
});

describe('Lua scripts', () => {
  it('are all loaded by the adapter: no script is dead', () => {
    expect(deadScripts(texts)).toEqual([]);
  });

  it('would be seen if they were dead', () => {
    const loader: [string, string] = ['src/adapters/redis/scripts.ts', "const PARTS = {\n  reserve: ['gate'],\n};"];
    const scripts = ['reserve', 'gate', 'reserves'].map((name): [string, string] => [
      `src/adapters/redis/lua/${name}.lua`,
      '',
    ]);
    expect(deadScripts(new Map([loader, ...scripts]))).toEqual(['reserves']);
  });
});

function deadScripts(files: ReadonlyMap<string, string>): string[] {
  const names = [...files.keys()].flatMap((path) => /^src\/adapters\/redis\/lua\/(.*)\.lua$/.exec(path)?.[1] ?? []);
  const adapter = [...files].filter(([path]) => /^src\/adapters\/redis\/[^/]*\.ts$/.test(path)).map(([, text]) => text);
  return names.filter((name) => !new RegExp(`'${name}'|^\\s*${name}:`, 'm').test(adapter.join('\n')));
}

describe('the Kubernetes client', () => {
  it.each(['proxy', 'standalone', 'status', 'check'])(
    'is never loaded by budgetd %s: it would cost 85 MB',
    (command) => {
      expect(reachedFrom(`src/commands/${command}.ts`).filter((path) => path.includes('kubernetes'))).toEqual([]);
    },
  );

  it('is loaded by the operator alone', () => {
    expect(reachedFrom('src/commands/operator.ts')).toContain('@kubernetes/client-node');
    expect(reachedFrom('src/main.ts')).not.toContain('src/commands/operator.ts');
  });
});

/** Everything that a file's static imports lead to. */
function reachedFrom(start: string): string[] {
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, kind = '', from = ''] of (texts.get(path) ?? '').matchAll(
      /^(?:import|export) (type )?[^;]*?from '([^']+)'/gms,
    )) {
      if (kind === '') follow(from.startsWith('.') ? join(dirname(path), from) : from);
    }
  };
  follow(start);
  return [...reached];
}

describe('the linter', () => {
  /** Files that each break one rule, or none: the first line says which. They are no .ts here so that nothing reads them. */
  const planted = globSync('**/*.txt', { cwd: join(root, 'test/tidy/planted') }).toSorted();
  const long = { 'src/proxy/is-long.ts': 'max-lines', 'src/proxy/has-a-long-function.ts': 'max-lines-per-function' };
  const codes = new Map<string, Set<string>>();
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'budgetd-tidy-'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const file of planted)
      write(file.replace(/\.txt$/, ''), readFileSync(join(root, 'test/tidy/planted', file), 'utf8'));
    const [isLong = '', hasLongFunction = ''] = Object.keys(long);
    write(isLong, '// A line.\n'.repeat(300) + 'export const last = 301;\n');
    write(hasLongFunction, `export function f(list: number[]): void {\n${'  list.push(1);\n'.repeat(61)}}\n`);
    for (const { filename, code } of lint(folder)) codes.set(filename, (codes.get(filename) ?? new Set()).add(code));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  it.each(planted.map((file) => file.replace(/\.txt$/, '')))('judges %s by the one rule it breaks, if any', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const expected = /^\/\/ planted: (\S+)$/m.exec(text)?.slice(1) ?? [];
    expect([...(codes.get(file) ?? [])]).toEqual(expected);
  });

  it.each(Object.entries(long))('judges %s by %s', (file, rule) => {
    expect([...(codes.get(file) ?? [])]).toEqual([`eslint(${rule})`]);
  });
});

interface Diagnostic {
  readonly filename: string;
  readonly code: string;
}

function lint(cwd: string): readonly Diagnostic[] {
  const command = join(root, 'node_modules/.bin/oxlint');
  const { stdout, stderr } = spawnSync(process.execPath, [command, '--format', 'json', 'src'], {
    cwd,
    encoding: 'utf8',
  });
  try {
    return (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics;
  } catch (cause) {
    throw new Error(`oxlint did not run: ${stderr || stdout}`, { cause });
  }
}
