/** What a command needs of its process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes one line, without its line break. */
  out(line: string): void;
  err(line: string): void;
  /** Resolves at the first SIGTERM or SIGINT. */
  stopped(): Promise<void>;
}

export function processIo(): Io {
  return {
    env: process.env,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    stopped: () =>
      new Promise((resolve) => {
        process.once('SIGTERM', () => resolve());
        process.once('SIGINT', () => resolve());
      }),
  };
}
