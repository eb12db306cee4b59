import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderMap } from '../ports/upstream.ts';

/** What a caller may say to the provider. Everything else stops here, credentials first of all. */
const TO_PROVIDER = ['accept', 'accept-language', 'idempotency-key', 'openai-beta', 'x-client-request-id'];

/** What a provider may say to the caller; never cookies, organisation ids or hop-by-hop headers. */
const TO_CALLER = [
  'content-type',
  'cache-control',
  'openai-processing-ms',
  'openai-version',
  'retry-after',
  'retry-after-ms',
  'x-request-id',
  'x-should-retry',
];

/** The headers of a provider request: the caller's allowed ones, then ours, the provider's credential (if any) last. */
export function providerHeaders(caller: IncomingHttpHeaders, credential: string | null): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of TO_PROVIDER) {
    const value = caller[name];
    if (typeof value === 'string') headers[name] = value;
  }
  // Compressed answers could not be metered as they pass.
  return {
    ...headers,
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': 'budgetd',
    ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
  };
}

/** The provider's headers that reach the caller. Rate-limit headers are the provider account's, so they stay here. */
export function callerHeaders(provider: HeaderMap): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of TO_CALLER) {
    const value = provider[name];
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
