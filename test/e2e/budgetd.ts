import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real budgetd process, as it is shipped. */
export interface Budgetd {
  readonly pid: number;
  /** Base URL of the proxy port, without a path. */
  readonly url: string;
  readonly adminUrl: string;
  /** Everything it logged so far. */
  log(): string;
  /** Resolves with the first log line whose message contains `text`, past or future. */
  logged(text: string): Promise<string>;
  /** Sends a signal and resolves with the exit code (null: killed). */
  end(signal: NodeJS.Signals): Promise<number | null>;
  exited(): Promise<number | null>;
}

/** A folder for one test: configuration, manifests and state. */
export interface Workspace {
  readonly folder: string;
  readonly manifests: string;
  readonly state: string;
  config(text: string, name?: string): string;
  manifest(name: string, text: string): void;
  remove(name: string): void;
  /** The generated key of a VirtualKey. */
  key(namespace: string, name: string): string;
  dispose(): void;
}

export function createWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-e2e-'));
  const manifests = join(folder, 'manifests');
  const state = join(folder, 'state');
  mkdirSync(manifests);
  return {
    folder,
    manifests,
    state,
    config(text, name = 'budgetd.yaml') {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    manifest: (name, text) => writeFileSync(join(manifests, name), text),
    remove: (name) => rmSync(join(manifests, name)),
    key: (namespace, name) => readFileSync(join(state, 'keys', namespace, name), 'utf8').trim(),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const running = new Set<ChildProcess>();

/** Ends whatever a failed test left running, by pid. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Starts `budgetd ARGS`; resolves when it logs that it is ready, rejects with its output when it ends before. */
export async function startBudgetd(args: readonly string[], env: Record<string, string> = {}): Promise<Budgetd> {
  const budgetd = spawnBudgetd(args, env);
  const ready = JSON.parse(await Promise.race([budgetd.logged(' ready'), failure(budgetd)])) as Record<string, string>;
  return { ...budgetd, url: String(ready['proxy']), adminUrl: String(ready['admin']) };
}

async function failure(budgetd: Budgetd): Promise<never> {
  const code = await budgetd.exited();
  throw new Error(`budgetd ended with ${code} before it was ready:\n${budgetd.log()}`);
}

/** Starts `budgetd ARGS` without waiting for anything. */
export function spawnBudgetd(args: readonly string[], env: Record<string, string> = {}): Budgetd {
  const child = spawn(process.execPath, ['dist/main.js', ...args], {
    env: { PATH: process.env['PATH'] ?? '', OPENAI_API_KEY: 'sk-provider-secret', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const hear of waiting) hear(line);
    });
  }
  const exit = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? 0,
    url: '',
    adminUrl: '',
    log: () => lines.join('\n'),
    logged(text) {
      const past = lines.find((line) => line.includes(text));
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve) => {
        const hear = (line: string): void => {
          if (!line.includes(text)) return;
          waiting.delete(hear);
          resolve(line);
        };
        waiting.add(hear);
      });
    },
    end(signal) {
      child.kill(signal);
      return exit;
    },
    exited: () => exit,
  };
}
