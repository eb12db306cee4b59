import { describe, expect, it } from 'vitest';
import { refusal, statusOf } from './kube-failure.ts';

const ACTION = { method: 'GET', path: '/api/v1/namespaces/shop/configmaps/a', secret: false };
const said = (reason: string, message = '') => ({ kind: 'Status', reason, message, code: 418 });

describe('an error of the API server', () => {
  it.each([
    ['Unauthorized', 'Unauthorized'],
    ['Forbidden', 'Forbidden'],
    ['NotFound', 'NotFound'],
    ['AlreadyExists', 'AlreadyExists'],
    ['Conflict', 'Conflict'],
    ['Gone', 'Expired'],
    ['Expired', 'Expired'],
    ['Invalid', 'Invalid'],
    ['TooManyRequests', 'Unavailable'],
    ['InternalError', 'Unavailable'],
    ['Timeout', 'Unavailable'],
    ['BadRequest', 'Rejected'],
    ['UnsupportedMediaType', 'Rejected'],
  ])('is classified by its reason, whatever the code: %s is %s', (reason, expected) => {
    expect(refusal(ACTION, 418, statusOf(said(reason))).reason).toBe(expected);
  });

  it.each([
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [409, 'Conflict'],
    [410, 'Expired'],
    [422, 'Invalid'],
    [429, 'Unavailable'],
    [502, 'Unavailable'],
    [302, 'Rejected'],
    [400, 'Rejected'],
  ])('is classified by its code where something else answered: %d is %s', (code, expected) => {
    expect(refusal(ACTION, code, statusOf('<html>')).reason).toBe(expected);
  });

  it('is worth another try only when the server may answer otherwise', () => {
    const transient = [401, 403, 404, 409, 410, 422, 429, 500].filter((code) => refusal(ACTION, code, null).transient);
    expect(transient).toEqual([401, 429, 500]);
  });

  it('says what was asked and what the server said, at most a paragraph of it', () => {
    const { message } = refusal(ACTION, 422, statusOf(said('Invalid', 'spec is wrong')));
    expect(message).toBe('GET /api/v1/namespaces/shop/configmaps/a: answered 422 Invalid: spec is wrong');
    expect(refusal(ACTION, 422, statusOf(said('Invalid', 'x'.repeat(9000)))).message.length).toBeLessThan(600);
  });

  it('says nothing of what the server said about a Secret', () => {
    const { message } = refusal({ ...ACTION, secret: true }, 422, statusOf(said('Invalid', 'data.key: "hush"')));
    expect(message).toBe('GET /api/v1/namespaces/shop/configmaps/a: answered 422 Invalid');
  });
});
