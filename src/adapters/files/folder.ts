import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Problem } from '../../core/problem.ts';

/** One text file of a folder. */
export interface SourceFile {
  /** Path as a person would write it: the folder as given, then the path below it. */
  readonly path: string;
  readonly text: string;
}

export interface FolderReading {
  /** Sorted by path. */
  readonly files: readonly SourceFile[];
  readonly problems: readonly Problem[];
}

const MANIFEST = /\.(ya?ml|json)$/;
const MAX_FILES = 10_000;
const MAX_DEPTH = 16;
/** More than etcd takes for one object, many times over. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * Reads every *.yaml, *.yml and *.json below a folder. Hidden entries are skipped (a mounted ConfigMap keeps its data in
 * `..data`); a symbolic link is followed to a file inside the folder and nowhere else.
 */
export function readFolder(folder: string): FolderReading {
  const problems: Problem[] = [];
  const files: SourceFile[] = [];
  const root = realpath(folder);
  if (root === undefined || !statSync(root).isDirectory()) {
    return { files, problems: [fileProblem(folder, 'is not a folder that can be read')] };
  }
  for (const path of manifestPaths(folder, problems)) {
    const problem = linkProblem(path, root) ?? sizeProblem(path);
    const text = problem === undefined ? readText(path) : undefined;
    if (text !== undefined) files.push({ path, text });
    else problems.push(fileProblem(path, problem ?? 'is not UTF-8 text that can be read'));
  }
  return { files, problems };
}

/** Reads one file; undefined when it is not readable UTF-8. A byte order mark is dropped. */
export function readText(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch {
    return undefined;
  }
}

/** A problem of a file as a whole. */
export function fileProblem(file: string, message: string): Problem {
  return { severity: 'error', file, line: 0, field: '', message };
}

function manifestPaths(folder: string, problems: Problem[]): string[] {
  const found: string[] = [];
  const visit = (path: string, depth: number): void => {
    for (const entry of entries(path, problems)) {
      const child = join(path, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH) visit(child, depth + 1);
        else problems.push(fileProblem(child, `lies more than ${MAX_DEPTH} folders deep and is not read`));
      } else if (MANIFEST.test(entry.name)) {
        found.push(child);
      }
    }
  };
  visit(folder, 1);
  if (found.length > MAX_FILES) problems.push(fileProblem(folder, `holds more than ${MAX_FILES} manifests`));
  return found.toSorted().slice(0, MAX_FILES);
}

function entries(path: string, problems: Problem[]): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    problems.push(fileProblem(path, 'is a folder that cannot be read'));
    return [];
  }
}

function linkProblem(path: string, root: string): string | undefined {
  const target = realpath(path);
  if (target === undefined) return 'is a symbolic link to nothing';
  return target.startsWith(root.endsWith(sep) ? root : root + sep)
    ? undefined
    : 'is a symbolic link out of the folder and is not followed';
}

function sizeProblem(path: string): string | undefined {
  const status = statSync(path);
  if (!status.isFile()) return 'is not a file';
  return status.size > MAX_FILE_BYTES ? `is larger than ${MAX_FILE_BYTES} bytes` : undefined;
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
