import type { ErrorCode } from '../core/errors.ts';

const SERVED: readonly (readonly [string, string])[] = [
  ['POST', '/v1/chat/completions'],
  ['GET', '/budget'],
];

/** First path segments of the providers' APIs that are not served: each would be a way around the budgets. */
const PROVIDER_API = new Set([
  'assistants',
  'audio',
  'batches',
  'chat',
  'completions',
  'conversations',
  'embeddings',
  'files',
  'fine_tuning',
  'images',
  'messages',
  'models',
  'moderations',
  'realtime',
  'responses',
  'threads',
  'uploads',
  'vector_stores',
  'videos',
]);

/** What to say of a path that no route serves: another method, a provider's route that is not supported, or null. */
export function unservedRoute(method: string, url: string): { code: ErrorCode; detail: string } | null {
  const path = (url.split('?')[0] ?? '').replace(/^\/providers\/[^/]+/, '');
  const allowed = SERVED.filter(([, served]) => served === path).map(([verb]) => verb);
  if (allowed.length > 0) return { code: 'method_not_allowed', detail: `${path} takes ${allowed.join(', ')}` };
  const segment = /^\/(?:v1|v1beta)\/([a-z_]+)(?:[/:]|$)/.exec(path)?.[1];
  if (segment === undefined || !PROVIDER_API.has(segment)) return null;
  return { code: 'route_not_supported', detail: `${method} ${path.slice(0, 128)}` };
}
