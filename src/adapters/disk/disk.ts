import { closeSync, fdatasync, mkdirSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Disk } from '../../ports/disk.ts';

const syncData = promisify(fdatasync);

/** The files of one directory, which is created with mode 0700. Errors of the file system are thrown as they are. */
export function createDisk(directory: string): Disk {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    list: () => readdirSync(directory),
    read: (name) => readFileSync(join(directory, name), 'utf8'),
    open(name) {
      const file = openSync(join(directory, name), 'a', 0o600);
      return {
        append(text) {
          const bytes = Buffer.from(text);
          if (writeSync(file, bytes) !== bytes.length) throw new Error(`short write to ${name}: is the disk full?`);
        },
        sync: () => syncData(file),
        close: () => closeSync(file),
      };
    },
    remove: (name) => unlinkSync(join(directory, name)),
  };
}
