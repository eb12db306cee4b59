import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { fieldText } from '../core/problem.ts';

function problems(data: unknown): string[] {
  const reading = readConfig(data);
  return reading.kind === 'ok' ? [] : reading.findings.map(({ path, message }) => `${fieldText(path)}: ${message}`);
}

const provider = { name: 'openai', api: 'openai', baseUrl: 'https://api.openai.com/v1' };

test('a full configuration of this version is accepted', () => {
  expect(
    problems({
      listen: { proxy: '0.0.0.0:14080', admin: '[::1]:14090' },
      ledger: {
        installation: 'prod-eu',
        redis: { url: 'rediss://redis:6380', username: 'b', password: { file: '/p' }, tls: { ca: '/ca' } },
      },
      credentials: { openai: { env: 'OPENAI_API_KEY' } },
      metrics: { litellm: false },
      log: { level: 'debug', format: 'text' },
      journal: { path: '/journal', maxBytes: 2 ** 28 },
      platform: {
        providers: [{ ...provider, models: ['*'], default: true, streamOptions: false }],
        prices: [
          { provider: 'openai', model: 'gpt-*', input: '0.15', output: '0.6', perRequest: '0', contextWindow: 128_000 },
        ],
        mandatoryTeams: [
          { teamRef: { namespace: 'platform', name: 'company' } },
          { namespaces: { matchLabels: { a: 'b' } }, teamRef: { namespace: 'p', name: 't' } },
        ],
        requireTeam: true,
        unpriced: 'Allow',
        calls: { reservation: 'Max' },
        errors: { budgetExceededStatus: 429, retryWithin: '0s', amounts: 'All' },
        defaults: { onLost: 'Release' },
      },
    }),
  ).toEqual([]);
  expect(problems({})).toEqual([]);
});

test.each([
  [{ smtp: { host: 'x' } }, 'smtp: NotYetSupported: alerts'],
  [{ operator: { webhook: {} } }, 'operator.webhook: NotYetSupported: the webhooks'],
  [{ metrics: { litellm: true } }, 'metrics.litellm: NotYetSupported: the metric names of LiteLLM'],
  [{ metrics: { maxSeries: 0 } }, 'metrics.maxSeries: 0 is below the minimum of 1'],
  [{ ledger: { redis: { url: 'redis://a', cluster: {} } } }, 'ledger.redis.cluster: NotYetSupported: Redis Cluster'],
  [{ platform: { customers: {} } }, 'platform.customers: NotYetSupported: customers'],
  [{ platform: { defaults: { alerts: {} } } }, 'platform.defaults.alerts: NotYetSupported: default alerts'],
  [
    { platform: { providers: [{ ...provider, api: 'anthropic' }] } },
    'platform.providers[0].api: NotYetSupported: the Anthropic API',
  ],
  [
    { platform: { providers: [{ ...provider, flavor: 'vllm' }] } },
    'platform.providers[0].flavor: NotYetSupported: provider flavors',
  ],
  [
    { platform: { prices: [{ model: 'a', input: '1', output: '1', tiers: [] }] } },
    'platform.prices[0].tiers: NotYetSupported: the price unit tiers',
  ],
  [
    { platform: { calls: { ledgerDown: 'Allow' } } },
    'platform.calls.ledgerDown: NotYetSupported: calls.ledgerDown Allow',
  ],
])('what comes later is refused by name: %o', (data, expected) => {
  const [first = '', ...rest] = problems(data);
  expect(rest).toEqual([]);
  expect(first).toContain(expected);
});

test.each([
  [{ credentials: { openai: 'sk-secret' } }, 'credentials.openai: found text; expected a mapping'],
  [{ credentials: { openai: { env: 'A', file: '/b' } } }, 'needs exactly one of env and file'],
  [{ credentials: { openai: {} } }, 'needs exactly one of env and file'],
  [{ ledger: { redis: { url: 'redis://:secret@host' } } }, 'is not a Redis URL without password'],
  [{ ledger: { redis: { url: 'redis://a', tls: {} } } }, 'ledger.redis.tls: tls belongs to a rediss:// address'],
  [{ platform: { providers: [provider, provider] } }, 'platform.providers[1].name: "openai" is there twice'],
  [{ ledger: { redis: { url: 'redis://a' }, sqlite: { path: 'b' } } }, 'redis and sqlite exclude each other'],
  [{ platform: { providers: [{ ...provider, baseUrl: 'https://a/v1/' }] } }, 'trailing slash'],
  [{ platform: { providers: [{ ...provider, baseUrl: 'file:///etc' }] } }, 'is not an http or https URL'],
  [{ platform: { prices: [{ model: 'a', input: 0.15 }] } }, 'quote it, "0.15"'],
  [
    { platform: { errors: { budgetExceededStatus: 401 } } },
    '401 is not allowed here; use 400 or 402 or 403 or 422 or 429',
  ],
  [{ listen: { proxy: 14080 } }, 'listen.proxy: found the number 14080; expected text'],
  [{ listen: { port: 'x' } }, 'listen.port: unknown field; allowed here: proxy, admin'],
])('a mistake is answered with what is allowed: %o', (data, expected) => {
  expect(problems(data).join('\n')).toContain(expected);
});

test('what may be a secret is never repeated in a message', () => {
  const inline = {
    credentials: { openai: 'hunter2' },
    ledger: { redis: { url: 'redis://user:hunter2@host', password: 'hunter2' } },
    platform: { providers: [{ ...provider, baseUrl: 'https://user:hunter2@host' }] },
  };
  expect(problems(inline)).toHaveLength(4);
  expect(problems(inline).join('\n')).not.toContain('hunter2');
});
