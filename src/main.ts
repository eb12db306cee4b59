#!/usr/bin/env node
import { processIo } from './commands/io.ts';

const USAGE = `budgetd: dollar budgets for LLM traffic

  budgetd standalone --config budgetd.yaml --manifests DIR [--state DIR]   everything in one process; watches DIR
  budgetd proxy      --config budgetd.yaml [--state DIR]                   the data path alone; needs Redis
  budgetd operator   --config budgetd.yaml                                 objects of a cluster into the ledger; needs Redis
  budgetd status     --config budgetd.yaml [--state DIR] [--accept-loss]   whether the ledger is there; begins anew after a loss
  budgetd check DIR [--with DIR]... [--config FILE] [--strict-refs]        validates manifests offline; exit 1 on error`;

/** argv to command. Each command is loaded by itself, so that none pays for another's imports. */
async function main(args: readonly string[]): Promise<number> {
  const io = processIo();
  const [command = '', ...rest] = args;
  switch (command) {
    case 'standalone':
      return (await import('./commands/standalone.ts')).runStandalone(rest, io);
    case 'proxy':
      return (await import('./commands/proxy.ts')).runProxy(rest, io);
    case 'operator':
      return (await import('./commands/operator.ts')).runOperator(rest, io);
    case 'status':
      return (await import('./commands/status.ts')).runStatus(rest, io);
    case 'check':
      return (await import('./commands/check.ts')).runCheck(rest, io);
    case 'help':
    case '--help':
    case '-h':
      io.out(USAGE);
      return 0;
    default:
      io.err(command === '' ? USAGE : `budgetd: unknown command "${command}"\n\n${USAGE}`);
      return 2;
  }
}

if (!('Temporal' in globalThis)) {
  process.stderr.write(`budgetd needs Node 26 or newer (Temporal); this is ${process.version}\n`);
  process.exit(1);
}
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What an operator can mend is said in words; a stack trace is for bugs.
  const known = error instanceof Error && ['UsageError', 'DirectoryInUseError'].includes(error.name);
  process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  // Whatever was started before it failed must not keep half a process alive.
  process.exit(known && error.name === 'UsageError' ? 2 : 1);
}
