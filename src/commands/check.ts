import { parseArgs } from 'node:util';
import { notYetSupported } from '../api/not-yet.ts';
import { type Problem, problemLine } from '../core/problem.ts';
import { loadConfig } from './config-file.ts';
import { loadManifests, type Manifests } from './manifests.ts';
import { mandatoryTeamProblems, referenceProblems } from './references.ts';

const USAGE = `usage: budgetd check DIR [--with DIR]... [--config FILE] [--strict-refs]

Reads the manifests below DIR as kubectl does and reports what the API server or budgetd would refuse.
  --with DIR      manifests that references may lead to; not checked themselves
  --config FILE   check this budgetd.yaml as well
  --strict-refs   a reference that these manifests do not resolve is an error`;

/** Where a command writes. */
export interface CommandIo {
  out(line: string): void;
  err(line: string): void;
}

interface CheckOptions {
  readonly folder: string;
  readonly with: readonly string[];
  readonly config: string | undefined;
  readonly strictRefs: boolean;
}

/** `budgetd check`: 0 when nothing is wrong, 1 on an error (warnings are none), 2 on wrong usage. */
export function runCheck(args: readonly string[], io: CommandIo): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    io.err(`${options}\n${USAGE}`);
    return Promise.resolve(2);
  }
  const { problems, checked } = check(options);
  for (const problem of problems) io.out(problemLine(problem));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  io.out(
    `${counted(checked, 'object')} checked: ${counted(errors, 'error')}, ${counted(problems.length - errors, 'warning')}`,
  );
  return Promise.resolve(errors === 0 ? 0 : 1);
}

function readOptions(args: readonly string[]): CheckOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        with: { type: 'string', multiple: true },
        config: { type: 'string' },
        'strict-refs': { type: 'boolean' },
      },
    });
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length > 0) return 'check needs exactly one folder';
    return { folder, with: values.with ?? [], config: values.config, strictRefs: values['strict-refs'] ?? false };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function check(options: CheckOptions): { readonly problems: readonly Problem[]; readonly checked: number } {
  const manifests = loadManifests(options.folder);
  const others = options.with.map((folder) => ({ folder, manifests: loadManifests(folder) }));
  const config = options.config === undefined ? undefined : loadConfig(options.config);
  const known = [...others.flatMap((other) => other.manifests.objects), ...manifests.objects];
  const references = { strict: options.strictRefs };
  const problems = [
    ...(config?.kind === 'invalid' ? config.problems : []),
    ...(config?.kind === 'ok' ? mandatoryTeamProblems(config, known, references) : []),
    ...others.flatMap((other) => unreadable(other.folder, other.manifests)),
    ...manifests.problems,
    ...manifests.objects.flatMap(notYetSupported),
    ...referenceProblems(manifests.objects, known, references),
  ];
  return { problems: problems.toSorted(byPlace), checked: manifests.objects.length };
}

/** Folders that only references look at are not checked, but they must be there. */
function unreadable(folder: string, manifests: Manifests): Problem[] {
  return manifests.problems.filter((problem) => problem.file === folder);
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
