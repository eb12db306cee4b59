import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A text that changes when a manifest or a configuration file below the paths does: names, sizes, times and inodes.
 * Polling this works on every file system, mounted ConfigMaps (which swap the link `..data`) included. Links to folders
 * are not followed.
 */
export function signatureOf(paths: readonly string[]): string {
  return paths.map(signature).join('\n');
}

const MANIFEST = /\.(ya?ml|json)$/;

function signature(path: string): string {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isDirectory() ? folderSignature(path) : `${path} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  } catch {
    return `${path} absent`;
  }
}

function folderSignature(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.name === '..data' && entry.isSymbolicLink()) return [`${path} ${readlinkSync(path)}`];
      if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : [folderSignature(path)];
      return MANIFEST.test(entry.name) ? [signature(path)] : [];
    })
    .join('\n');
}
