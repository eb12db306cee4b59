import { expect, it } from 'vitest';
import { callerHeaders, providerHeaders } from './headers.ts';

it("sends the provider its own credential and nothing of the caller's identity", () => {
  const caller = {
    authorization: 'Bearer sk-bd-secret',
    'x-api-key': 'sk-bd-secret',
    cookie: 'session=1',
    'x-forwarded-for': '10.0.0.1',
    'x-budgetd-customer': 'u-1',
    connection: 'authorization',
    host: 'evil.example',
    accept: 'text/event-stream',
    'openai-organization': 'org-other',
  };
  expect(providerHeaders(caller, 'sk-provider')).toEqual({
    accept: 'text/event-stream',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': 'budgetd',
    authorization: 'Bearer sk-provider',
  });
});

it("passes on what a caller needs of an answer and keeps the provider account's own", () => {
  const provider = {
    'content-type': 'text/event-stream',
    'x-request-id': 'req-1',
    'retry-after': '3',
    'set-cookie': 'a=b',
    'openai-organization': 'org-secret',
    'x-ratelimit-remaining-requests': '99',
    'transfer-encoding': 'chunked',
    connection: 'keep-alive',
  };
  expect(callerHeaders(provider)).toEqual({
    'content-type': 'text/event-stream',
    'x-request-id': 'req-1',
    'retry-after': '3',
  });
});
