import { choice, flag, object, text } from './field.ts';
import { HTTPS_URL, SHORT_NAME } from './form.ts';
import { secretKeyRef } from './reference.ts';
import { unionRules } from './rule.ts';
import { emails } from './subject.ts';

/** Where the alerts of a policy go. */
export const channelSchema = object(
  'One channel: type names the member that configures it.',
  {
    name: text('Unique within the policy; rules refer to it.', SHORT_NAME),
    type: choice('Kind of channel.', ['Slack', 'Webhook', 'Email', 'Shared']),
    slack: object('A Slack incoming webhook.', {
      webhookUrlRef: secretKeyRef('Secret entry with the URL of the incoming webhook.'),
    }).exactOptional(),
    webhook: object('An HTTPS endpoint that gets JSON.', {
      url: text('Address; the platform decides which are allowed.', HTTPS_URL),
      signingSecretRef: secretKeyRef('Secret entry with the key that signs deliveries.').exactOptional(),
    }).exactOptional(),
    email: object(
      'E-mail.',
      {
        to: emails.exactOptional(),
        owners: flag('True: also the User of the subject, else the owners of its Team.').exactOptional(),
      },
      [
        {
          cel: 'has(self.to) || self.?owners.orValue(false)',
          message: 'needs recipients: to, owners: true, or both',
          holds: ({ to, owners }) => to !== undefined || owners === true,
        },
      ],
    ).exactOptional(),
    shared: object('A channel of the platform configuration.', {
      name: text('Its name there.', SHORT_NAME),
    }).exactOptional(),
  },
  unionRules<{ readonly type: string }>({ Slack: 'slack', Webhook: 'webhook', Email: 'email', Shared: 'shared' }),
);
