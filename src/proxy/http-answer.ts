import type { ServerResponse } from 'node:http';

/** A complete answer of the proxy's own. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON-serialisable. */
  readonly body: unknown;
}

/** Sends a complete JSON answer, or nothing when the client is gone or was already answered. */
export function sendAnswer(raw: ServerResponse, answer: HttpAnswer): void {
  if (raw.headersSent || raw.destroyed) return;
  const body = Buffer.from(JSON.stringify(answer.body));
  raw.writeHead(answer.status, {
    'content-type': 'application/json',
    ...answer.headers,
    'content-length': String(body.length),
  });
  raw.end(body);
}
