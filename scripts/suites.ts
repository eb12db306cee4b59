/**
 * Runs test suites one after the other and ends with one line `N passed, N failed` over all of them.
 *
 * usage: node scripts/suites.ts [--nightly] SUITE...
 *
 * A suite that takes longer than its time budget fails the run: slow tests belong to its nightly twin.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Suite {
  readonly project: string;
  readonly budgetSeconds: number;
}

const SUITES: Readonly<Record<string, Suite>> = {
  unit: { project: 'unit', budgetSeconds: 120 },
  integration: { project: 'integration', budgetSeconds: 600 },
  cluster: { project: 'cluster', budgetSeconds: 600 },
};

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

const nightly = process.argv.includes('--nightly');
const names = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unknown = names.filter((name) => SUITES[name] === undefined);
if (names.length === 0 || unknown.length > 0) {
  console.error(`usage: node scripts/suites.ts [--nightly] SUITE...   suites: ${Object.keys(SUITES).join(', ')}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of names) {
  const suite = SUITES[name];
  if (suite !== undefined) await run(name, suite);
}
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed > 0 ? 1 : 0);

async function run(name: string, suite: Suite): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-suite-'));
  const report = join(folder, 'report.json');
  const started = performance.now();
  const code = await vitest(suite.project, report);
  const seconds = Math.round((performance.now() - started) / 1000);
  const counts = readReport(report);
  rmSync(folder, { recursive: true });
  total.passed += counts.numPassedTests;
  total.skipped += counts.numPendingTests;
  // A run that died without counting, or a file that could not be loaded, is a failure all the same.
  total.failed += Math.max(counts.numFailedTests, code === 0 ? 0 : 1);
  console.log(`suite ${name}: ${seconds} s of ${suite.budgetSeconds} s`);
  if (seconds > suite.budgetSeconds && !nightly) {
    console.error(`suite ${name} took longer than its time budget`);
    total.failed += 1;
  }
}

function vitest(project: string, report: string): Promise<number> {
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...(nightly ? { BUDGETD_NIGHTLY: '1' } : {}) },
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function readReport(path: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 1 };
  }
}
