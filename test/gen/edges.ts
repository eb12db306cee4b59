/* Texts, characters and names around the edges of what the schemas take, where two implementations might part. */

export const TIMES = [
  '1970-01-01T00:00:00.000000001Z',
  '1970-01-01T00:00:01Z',
  '1970-01-01T23:59:59+23:58',
  '2024-02-29T12:00:00+05:30',
  '2026-12-31T23:59:59.999999999-23:59',
  '2999-12-31T23:59:59-23:59',
  '2100-02-28T00:00:00.1Z',
];

/** Among them links, zones without a city, and names that look like offsets. */
export const ZONES = words(
  'UTC GMT Europe/Berlin America/Argentina/Buenos_Aires America/Port-au-Prince Asia/Kolkata Asia/Calcutta Etc/GMT+12',
  'Etc/GMT-14 Etc/UTC US/Pacific Europe/Kyiv EST5EDT Pacific/Kiritimati',
);

export const CALENDAR_PERIODS = words('1d 7d 1w 1mo 1q 1y 1h 8h 24h 1m 15m 90m 1440m');

/** By member name, the plainest first. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  period: CALENDAR_PERIODS.concat(words('0d 5h 7m 2w 14d 1s 1M 01d 1 mo 9999mo 10000d 25h')),
  timeZone: ZONES.concat(
    words('Local Factory utc Europe/berlin Europe Nowhere/City +01:00 UTC+1 Z Europe/Berlin/ posix/UTC'),
    ' UTC',
  ),
  anchor: words(
    '2024-02-29T00:00 2023-02-29T00:00 2100-02-29T00:00 2000-02-29T00:00 2026-04-31T00:00 2026-06-30T24:00',
    '2026-12-31T23:59:59 1899-12-31T00:00 2200-01-01T00:00 2026-1-1T00:00 2026-01-01 2026-01-01T00:00Z',
    '2026-11-31T09:00 1900-02-29T00:00',
  ).concat('2026-01-01 00:00'),
  expiresAt: TIMES.concat(
    words(
      '1970-01-01T00:00:00Z 1969-12-31T23:59:59Z 1970-01-01T00:00:00.0000000001Z 1970-01-01T01:00:00+01:00',
      '1969-12-31T23:59:59.999999999Z 2027-02-30T00:00:00Z 2023-02-29T00:00:00Z 2026-01-01T24:00:00Z',
      '2016-12-31T23:59:60Z 2026-01-01 2026-01-01T00:00:00 2026-01-01t00:00:00z 2026-01-01T00:00:00,5Z',
      '2026-01-01T00:00:00+24:00 2026-01-01T00:00:00-00:00 1000-01-01T00:00:00+23:59 3000-01-01T00:00:00Z',
    ),
  ),
  until: words('WindowEnd windowend 2027-02-30T00:00:00Z 2027-01-01').concat('WindowEnd '),
  limit: words(
    '0 0.0 0.000000001 999999999.999999999 1000000000 1e3 -1 +1 01 1. .5 1,5 1.0000000001 $5 1k 1Mi 1m ١ Infinity',
    '0x10 1_000 2.50',
  ).concat(' 1', '5 USD'),
  overlap: words('0s 0 24h 999999d 1000000d 1.5h 1h30m -1h 01h 1w 1ms'),
  email: words("a@b.c a@b @b.c a@b.c,d@e.f o'hara@b.c a..b@c.d a@-b.c ä@b.c").concat('a b@c.d', 'A <a@b.c>'),
  url: words(
    'https://a http://a.b https://u:p@a.b https://a.b:99999/x https://[::1]/ HTTPS://a.b https://a.b/ä https:///x',
    'https://a.b#x',
  ),
  user: words('alice people/alice /alice people/ a/b/c a.b/c A'),
  name: words('a * A -a a- a..b a.b a_b 0 constructor'),
  models: words('* gpt-* a,b a|b openai/gpt-5 ä [a]').concat('a b'),
};

const LIKE: Readonly<Record<string, string>> = {
  softLimit: 'limit',
  amount: 'limit',
  maxHold: 'limit',
  unbounded: 'limit',
  before: 'overlap',
  digest: 'overlap',
  repeatEvery: 'overlap',
  every: 'overlap',
  emails: 'email',
  ownerEmails: 'email',
  to: 'email',
};

/** What cannot be told from a pattern: texts around the edges of a member's form. Empty for members of no such form. */
export function edgesOf(member: string): readonly string[] {
  return EDGES[LIKE[member] ?? member] ?? [];
}

/** Line ends, what only some call a space or a control character, letters that fold to ASCII, halves of characters. */
export const ODD_CHARACTERS = Array.from('\n\r\t\0 \u007F\u0085\u00AD\u2028\uFEFF\uFFFF\uD800éı\u212A٣😀A_/\'"\\%');

/** Names of members that nobody has, or that every JavaScript object has. */
export const STRANGE_MEMBERS = words('unknown __proto__ constructor toString length a.b Name é 0').concat('', ' name');

function words(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(' '));
}
