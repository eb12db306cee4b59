import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { errorText } from '../ports/log.ts';

/** The words of a command line are off; the message says which and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads string options of a command that takes no other words. @throws UsageError */
export function readOptions<K extends string>(
  command: string,
  args: readonly string[],
  options: Readonly<Record<K, 'required' | 'optional'>>,
): Readonly<Record<K, string | undefined>> {
  const names = Object.keys(options) as K[];
  const config: ParseArgsOptionsConfig = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  const usage = names.map((name) => (options[name] === 'required' ? `--${name} X` : `[--${name} X]`)).join(' ');
  try {
    const { values } = parseArgs({ args: [...args], options: config, allowPositionals: false });
    const missing = names.filter((name) => options[name] === 'required' && values[name] === undefined);
    if (missing.length > 0) throw new UsageError(`--${missing.join(', --')} is required`);
    return Object.fromEntries(names.map((name) => [name, values[name]])) as Record<K, string | undefined>;
  } catch (error) {
    throw new UsageError(`budgetd ${command}: ${errorText(error)}\nusage: budgetd ${command} ${usage}`, {
      cause: error,
    });
  }
}
