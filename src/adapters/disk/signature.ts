import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A text that changes when a file or anything in a folder does: names, sizes, times and inodes. Polling this works on
 * every file system, mounted ConfigMaps (which swap a link) included.
 */
export function signatureOf(paths: readonly string[]): string {
  return paths.map(signature).join('\n');
}

function signature(path: string): string {
  try {
    const stat = statSync(path, { bigint: true });
    if (!stat.isDirectory()) return `${path} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    return readdirSync(path)
      .toSorted()
      .map((name) => signature(join(path, name)))
      .join('\n');
  } catch {
    return `${path} absent`;
  }
}
