import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PortError } from '../../ports/record-store.ts';

/** Another living process holds the directory. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
}

const BUSY = 5;

/**
 * Claims a directory for this process: two processes with one journal would drop each other's entries. The lock is one
 * that the kernel drops with the process, across the containers of a node as well; a pid would prove nothing there.
 *
 * @returns the release
 * @throws DirectoryInUseError
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== BUSY)
      throw new PortError('disk', false, `cannot lock ${directory}`, error);
    throw new DirectoryInUseError(
      `${directory} is in use by another budgetd process: give every process a directory of its own`,
    );
  }
  return () => lock.close();
}
