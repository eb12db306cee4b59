/** A request to a provider. Built from configuration and constants only; headers are an allow-list. */
export interface UpstreamRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** Lower-case names; a repeated header is joined with ", ". */
export type HeaderMap = Readonly<Record<string, string>>;

/** What went wrong before or while an answer arrived. */
export interface UpstreamFailure {
  readonly kind: 'connect' | 'reset' | 'timeout' | 'aborted';
  /** False: no byte reached a connection, so nothing can have been billed. */
  readonly sent: boolean;
  readonly message: string;
}

/** Called in order: `headers`, then `data` any number of times, then `end`; or `failed` at any point, last. */
export interface UpstreamEvents {
  headers(status: number, headers: HeaderMap): void;
  /** Return false to pause; `Exchange.resume` continues. */
  data(chunk: Uint8Array): boolean;
  end(): void;
  failed(failure: UpstreamFailure): void;
}

/** One request under way. */
export interface Exchange {
  resume(): void;
  /** Ends the exchange; `failed` is called with kind `aborted` unless it has already ended. */
  abort(): void;
}

/** Sends requests to providers, with keep-alive and without retries. */
export interface Upstream {
  send(request: UpstreamRequest, events: UpstreamEvents): Exchange;
  close(): Promise<void>;
}
