import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another living process holds the directory. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
}

/**
 * Claims a directory for this process with a file that names its pid: two processes with one journal would drop each
 * other's entries. A lock of a process that is gone is taken over.
 *
 * @returns the release
 * @throws DirectoryInUseError
 */
export function lockDirectory(directory: string, pid: number): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'lock');
  const holder = readHolder(path);
  if (holder !== undefined && holder !== pid && isAlive(holder)) {
    throw new DirectoryInUseError(
      `${directory} is in use by process ${holder}: give every budgetd process a directory of its own`,
    );
  }
  writeFileSync(path, String(pid), { mode: 0o600 });
  return () => {
    if (readHolder(path) === pid) unlinkSync(path);
  };
}

function readHolder(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
