import type { Clock } from '../../ports/clock.ts';
import type { Log, LogFields } from '../../ports/log.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
}

/** Control characters and bidirectional overrides of untrusted text would forge lines or hide words. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Writes one line per event: JSON for machines, or `time level message key=value` for people. */
export function createLog(deps: { clock: Clock; write: (line: string) => void }, options: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(options.level);
  const line = options.format === 'json' ? jsonLine : textLine;
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(level) < least) return;
      deps.write(line(new Date(deps.clock.wallMs()).toISOString(), level, message, fields));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  return JSON.stringify({ time, level, message, ...fields });
}

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${readable(value)}`);
  return `${time} ${level.padEnd(5)} ${message}${pairs.join('')}`;
}

function readable(value: unknown): string {
  const text = String(value).replace(UNPRINTABLE, (character) => JSON.stringify(character).slice(1, -1));
  return /[ "=]/.test(text) ? JSON.stringify(text) : text;
}
