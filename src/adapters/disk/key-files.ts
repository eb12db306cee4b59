import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Subject } from '../../core/subject.ts';
import type { KeyVault } from '../../ports/key-vault.ts';

/** One file per key, `<directory>/<namespace>/<name>`, mode 0600; names are Kubernetes names, so paths are safe. */
export function createKeyFiles(directory: string): KeyVault {
  const pathOf = (subject: Subject): string => join(directory, subject.namespace, subject.name);
  return {
    read(subject) {
      try {
        return readFileSync(pathOf(subject), 'utf8').trim();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    keep(subject, key) {
      const path = pathOf(subject);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // Written aside and linked: the file is whole or absent, and an existing key is never replaced.
      const draft = `${path}.new`;
      rmSync(draft, { force: true });
      writeFileSync(draft, `${key}\n`, { mode: 0o600, flag: 'wx' });
      linkSync(draft, path);
      unlinkSync(draft);
      return path;
    },
  };
}
