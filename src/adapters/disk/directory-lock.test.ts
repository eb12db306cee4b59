import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DirectoryInUseError, lockDirectory } from './directory-lock.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'budgetd-lock-'));

it('a directory has one holder at a time, whatever his pid', () => {
  const directory = folder();
  const release = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow(DirectoryInUseError);
  release();
  lockDirectory(directory)();
});

it('the lock of a killed process is gone with it', () => {
  const directory = folder();
  const url = JSON.stringify(new URL('directory-lock.ts', import.meta.url).href);
  const script = `const { lockDirectory } = await import(${url}); lockDirectory(${JSON.stringify(directory)}); process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(child.signal).toBe('SIGKILL');
  lockDirectory(directory)();
});
