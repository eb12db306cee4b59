import { describe, expect, it } from 'vitest';
import { unservedRoute } from './unserved-route.ts';

describe('a path that no route serves', () => {
  it.each([
    ['POST', '/v1/embeddings', 'route_not_supported'],
    ['POST', '/v1/responses?x=1', 'route_not_supported'],
    ['POST', '/providers/openai/v1/batches', 'route_not_supported'],
    ['POST', '/v1beta/models/gemini-3:generateContent', 'route_not_supported'],
    ['GET', '/v1/chat/completions', 'method_not_allowed'],
    ['POST', '/budget', 'method_not_allowed'],
  ])('%s %s is answered %s', (method, url, code) => {
    expect(unservedRoute(method, url)?.code).toBe(code);
  });

  it.each(['/', '/v1', '/v1/unknown', '/admin', '/v1/chatter'])('%s is nothing known', (url) => {
    expect(unservedRoute('GET', url)).toBeNull();
  });
});
