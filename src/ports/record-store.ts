/**
 * Compiled records by name: `k:<sha256 of key>`, `r:<subject key>`, `platform`. Written by the installation's writer,
 * read by proxies.
 */
export interface RecordStore {
  /** @throws PortError when the store cannot answer */
  get(name: string): Promise<string | null>;
  /** Several at once, in the order of `names`. */
  getAll(names: readonly string[]): Promise<readonly (string | null)[]>;
  put(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Every stored name; for the writer's mark and sweep. */
  names(): Promise<readonly string[]>;
}

/** A port's infrastructure failed. `transient`: trying again later may help. */
export class PortError extends Error {
  override readonly name = 'PortError';
  readonly port: string;
  readonly transient: boolean;

  constructor(port: string, transient: boolean, message: string, cause?: unknown) {
    super(message, { cause });
    this.port = port;
    this.transient = transient;
  }
}
