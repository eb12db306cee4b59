import { z } from 'zod';
import { read, type Reading } from './explain.ts';
import { choice, integer, map, object, text, type TextForm } from './field.ts';
import { DURATION, LABEL_NAME, OBJECT_NAME } from './form.ts';
import { later } from './later.ts';
import { notYetSupportedCalls } from './not-yet.ts';
import { BASE_URL, platformSchema } from './platform.ts';

/** The schema of budgetd.yaml. Secrets are never inline: they name a variable or a file. */

const ADDRESS: TextForm = {
  pattern: /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}$/,
  max: 260,
  expected: 'an address with a port such as 127.0.0.1:14080',
};

const PATH: TextForm = { pattern: /^\P{Cc}+$/u, max: 4096, expected: 'a path' };

const REDIS_URL: TextForm = {
  pattern: /^rediss?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(\/[0-9]{1,3})?$/,
  max: 1024,
  expected: 'a Redis URL without password such as redis://127.0.0.1:6379',
  sensitive: true,
};

const secretSourceSchema = object(
  'Where a secret is: in a variable of the environment or in a file.',
  {
    env: text('Name of a variable.', {
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      max: 128,
      expected: 'the name of a variable such as OPENAI_API_KEY',
    }).exactOptional(),
    file: text('Path of a file; surrounding white space is dropped.', PATH).exactOptional(),
  },
  [
    {
      cel: 'has(self.env) != has(self.file)',
      message: 'needs exactly one of env and file; a secret is never written inline',
      holds: (source) => 'env' in source !== 'file' in source,
    },
  ],
);

/** `{env: NAME}` or `{file: PATH}`. */
export type SecretSource = z.output<typeof secretSourceSchema>;

const redis = later(
  object(
    'A Redis or Valkey server, 7.0 or newer.',
    {
      url: text('Address; rediss:// for TLS.', REDIS_URL),
      username: text('ACL user; absent is default.', {
        pattern: /^[!-~]+$/,
        max: 128,
        expected: 'an ACL user name',
      }).exactOptional(),
      password: secretSourceSchema.exactOptional(),
      tls: object('TLS settings, with rediss:// only.', {
        ca: text('File with the certificate authority, PEM.', PATH).exactOptional(),
        serverName: text('Name that the certificate must have.', {
          pattern: /^[A-Za-z0-9.-]+$/,
          max: 253,
          expected: 'a host name',
        }).exactOptional(),
      }).exactOptional(),
    },
    [
      {
        cel: "!has(self.tls) || self.url.startsWith('rediss://')",
        message: 'tls belongs to a rediss:// address',
        holds: ({ url, tls }) => tls === undefined || url.startsWith('rediss://'),
        field: 'tls',
      },
    ],
  ),
  { sentinel: 'Redis Sentinel', cluster: 'Redis Cluster' },
);

const ledger = object(
  'Where counters live.',
  {
    installation: text('Name of the installation; absent is default.', LABEL_NAME).exactOptional(),
    redis: redis.exactOptional(),
    sqlite: object('The embedded ledger.', { path: text('Path of the database file.', PATH) }).exactOptional(),
  },
  [
    {
      cel: '!(has(self.redis) && has(self.sqlite))',
      message: 'redis and sqlite exclude each other',
      holds: (value) => !('redis' in value && 'sqlite' in value),
    },
  ],
);

const operator = later(
  object('The operator of a cluster.', {
    leaseName: text(
      'Name of the Lease by which replicas elect a leader; absent is budgetd-operator.',
      OBJECT_NAME,
    ).exactOptional(),
    baseUrl: text(
      'What generated Secrets say to call, the path of the API included; absent is http://127.0.0.1:14080/v1, the sidecar.',
      BASE_URL,
    ).exactOptional(),
    status: object('How often figures in statuses are refreshed. Changes of state are written at once.', {
      perObject: text('At most once per object in this time; absent is 60s.', DURATION).exactOptional(),
      perSecond: integer('At most this many in all; absent is 20.', { min: 1, max: 1000 }).exactOptional(),
    }).exactOptional(),
  }),
  {
    namespaces: 'the namespaced mode',
    webhook: 'the webhooks',
    sidecar: 'injection of sidecars',
    checkpoint: 'checkpoints of the ledger',
  },
);

/** budgetd.yaml as a whole: the part of the process and the part of the platform. */
export const configSchema = later(
  object('The configuration of a budgetd process.', {
    listen: object('Addresses to listen on.', {
      proxy: text('Calls; absent is 127.0.0.1:14080.', ADDRESS).exactOptional(),
      admin: text('Health and metrics; absent is 127.0.0.1:14090.', ADDRESS).exactOptional(),
    }).exactOptional(),
    ledger: ledger.exactOptional(),
    credentials: map('Secret of each provider, by its name.', secretSourceSchema, {
      max: 64,
      keys: LABEL_NAME,
    }).exactOptional(),
    metrics: object('Metrics.', {
      litellm: later(z.literal(false).meta({ description: "LiteLLM's names too." }), {
        true: 'the metric names of LiteLLM',
      }).exactOptional(),
      maxSeries: integer('Most series of budgets that the operator shows; absent is 20000.', {
        min: 1,
        max: 1_000_000,
      }).exactOptional(),
    }).exactOptional(),
    log: object('Logging.', {
      level: choice('Least severity; absent is info.', ['debug', 'info', 'warn', 'error']).exactOptional(),
      format: choice('Form of a line; absent is json.', ['json', 'text']).exactOptional(),
    }).exactOptional(),
    journal: object('The settle journal.', {
      path: text('Directory; absent is below the state directory.', PATH).exactOptional(),
      maxBytes: integer('Most bytes it may take; absent is 256 MiB.', { min: 1_048_576, max: 2 ** 40 }).exactOptional(),
    }).exactOptional(),
    operator: operator.exactOptional(),
    platform: platformSchema.exactOptional(),
  }),
  { smtp: 'alerts' },
);

export type Config = z.output<typeof configSchema>;

/** Reads the data of a budgetd.yaml; what this version does not obey yet is refused. */
export function readConfig(data: unknown): Reading<Config> {
  const reading = read(configSchema, data);
  if (reading.kind === 'invalid') return reading;
  const findings = notYetSupportedCalls(reading.value.platform?.calls, ['platform', 'calls']);
  return findings.length === 0 ? reading : { kind: 'invalid', findings };
}
