import { z } from 'zod';
import { models } from './budget.ts';
import { callsSchema } from './call-settings.ts';
import { priceProblem } from '../core/price.ts';
import { choice, flag, integer, list, listMap, object, text, type TextForm } from './field.ts';
import { DURATION, LABEL_NAME, MODEL_GLOB, NAMESPACE, OBJECT_NAME } from './form.ts';
import { later } from './later.ts';
import { labelSelectorSchema } from './reference.ts';

/** The platform part of budgetd.yaml: what holds for a whole installation and is compiled into its ledger. */

/** What an API's SDK is given. */
export const BASE_URL: TextForm = {
  pattern: /^https?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(\/[A-Za-z0-9._~%-]+)*$/,
  max: 1024,
  expected: 'an http or https URL without user name, query or trailing slash such as https://api.openai.com/v1',
  sensitive: true,
};

const PRICE: TextForm = {
  pattern: /^[0-9]{1,9}(\.[0-9]{1,18})?$/,
  max: 28,
  expected: 'decimal USD in quotes such as "0.15"',
};

const provider = later(
  object('A provider of models.', {
    name: text('Name; credentials and prices refer to it.', LABEL_NAME),
    api: later(choice('Which API it speaks.', ['openai']), {
      anthropic: 'the Anthropic API',
      gemini: 'the Gemini API',
      azure: 'Azure OpenAI',
    }),
    baseUrl: text('What the SDK of that API is given.', BASE_URL),
    models: models('Requested models that it serves; absent is all.').exactOptional(),
    default: flag('True: serves models that no provider lists.').exactOptional(),
    streamOptions: flag(
      'False: the server refuses stream_options, so they are never added; absent is true.',
    ).exactOptional(),
  }),
  { flavor: 'provider flavors', trustUpstreamCost: 'trusting the cost an upstream reports' },
);

const price = (description: string): z.ZodExactOptional<z.ZodString> => text(description, PRICE).exactOptional();

const priceSchema = later(
  object(
    'A price: USD per million tokens, and perRequest in USD.',
    {
      provider: text('Name of a provider; absent is every one.', LABEL_NAME).exactOptional(),
      model: text('Glob over the served model.', MODEL_GLOB),
      input: price('Input tokens.'),
      output: price('Output tokens.'),
      cacheRead: price('Input tokens read from a cache.'),
      cacheWrite: price('Input tokens written to a cache.'),
      reasoning: price('Reasoning tokens.'),
      inputAudio: price('Audio input tokens.'),
      outputAudio: price('Audio output tokens.'),
      perRequest: price('USD for each call.'),
      contextWindow: integer('Tokens that the model can read.', { min: 1, max: 1_000_000_000 }).exactOptional(),
      maxOutputTokens: integer('Tokens that the model can write.', { min: 1, max: 1_000_000_000 }).exactOptional(),
    },
    [
      {
        cel: 'has(self.input) && has(self.output)',
        message: 'a price states input and output',
        holds: (entry) => priceProblem(entry) === undefined,
        problem: priceProblem,
      },
    ],
  ),
  Object.fromEntries(
    [
      'cacheWrite1h',
      'inputImage',
      'outputImage',
      'perImage',
      'perSecond',
      'perCharacter',
      'perToolCall',
      'tiers',
      'factors',
      'validFrom',
    ].map((unit) => [unit, `the price unit ${unit}`]),
  ),
);

const mandatoryTeam = object('A Team that calls are charged to without their consent.', {
  namespaces: labelSelectorSchema.exactOptional(),
  teamRef: object('The Team.', {
    namespace: text('Namespace of the Team.', NAMESPACE),
    name: text('Name of the Team.', OBJECT_NAME),
  }),
});

const errors = object('How refusals look.', {
  budgetExceededStatus: z
    .literal([400, 402, 403, 422, 429])
    .meta({ description: 'Status in place of 402.' })
    .exactOptional(),
  retryWithin: text(
    'Answer 429 with Retry-After when the window ends within this; absent is 60s.',
    DURATION,
  ).exactOptional(),
  amounts: choice('Whose amounts an answer shows; absent is Own.', ['Own', 'All', 'None']).exactOptional(),
});

export const platformSchema = later(
  object('What holds for the whole installation.', {
    providers: listMap('Providers.', provider, { key: 'name', max: 64, min: 1 }).exactOptional(),
    prices: list('Prices; the longest literal part of model wins, then file order.', priceSchema, {
      max: 4096,
    }).exactOptional(),
    mandatoryTeams: list('Teams that calls are charged to in addition to their own.', mandatoryTeam, {
      max: 64,
    }).exactOptional(),
    requireTeam: flag('True: refuse keys that end up under no Team.').exactOptional(),
    unpriced: choice('Calls to models without a price under a budget; absent is Deny.', [
      'Deny',
      'Allow',
    ]).exactOptional(),
    calls: callsSchema.exactOptional(),
    errors: errors.exactOptional(),
    defaults: later(
      object('Defaults of the installation.', {
        onLost: choice('What a call costs whose proxy was lost: Charge (default) its estimate, or Release it.', [
          'Charge',
          'Release',
        ]).exactOptional(),
      }),
      { alerts: 'default alerts' },
    ).exactOptional(),
  }),
  {
    customers: 'customers',
    recipients: 'alerts',
    webhooks: 'alerts',
    alerts: 'alerts',
    usage: 'usage records',
    sidecar: 'the sidecar',
  },
);

export type PlatformConfig = z.output<typeof platformSchema>;
