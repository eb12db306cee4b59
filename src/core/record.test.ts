import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeKeyIndex,
  decodePlatformRecord,
  decodeSubjectRecord,
  encodeRecord,
  type PlatformRecord,
  RecordFormatError,
  type SubjectRecord,
} from './record.ts';

const subject: SubjectRecord = {
  subject: { kind: 'vkey', namespace: 'shop', name: 'bot' },
  revision: '7',
  inactive: null,
  alias: 'Checkout bot',
  budgets: [
    {
      name: 'daily',
      limit: 5_000_000_000n,
      soft: null,
      rule: { period: '1d', alignment: 'Calendar', anchor: null, timeZone: 'UTC', weekStart: 1 },
      models: [],
      mode: 'Enforce',
      overdraft: 'Deny',
      definition: 'abc',
      raises: [
        { amount: 10n ** 17n + 1n, untilMs: 1_800_000_000_000 },
        { amount: 1n, untilMs: null },
      ],
    },
  ],
  models: ['gpt-5*'],
  calls: { maxHold: 10n ** 18n, unbounded: { type: 'Fixed', reserve: 0n } },
  tags: { costCenter: '4711' },
  key: { team: null, user: null, unresolved: null, expiresAtMs: null, hashes: [{ sha256: 'ab', validUntilMs: 5 }] },
};

const platform: PlatformRecord = {
  revision: '1',
  providers: [],
  prices: [{ model: '*', input: '0.15', output: '0.6' }],
  mandatoryTeams: [],
  namespaceTeams: {},
  requireTeam: false,
  unpriced: 'Deny',
  calls: { maxHold: null },
  onLost: 'Charge',
  errors: { budgetExceededStatus: 402, retryWithinMs: 60_000, amounts: 'Own' },
};

describe('compiled records', () => {
  it('survive being written and read, amounts to the last nano-USD', () => {
    expect(decodeSubjectRecord(encodeRecord(subject))).toEqual(subject);
    expect(decodePlatformRecord(encodeRecord(platform))).toEqual(platform);
    const index = { subject: subject.subject, validUntilMs: 5 };
    expect(decodeKeyIndex(encodeRecord(index))).toEqual(index);
  });

  it('cannot be given an amount by a display name, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('{"$nanos":"9"}', '"},"budgets":[],"x":{"$nanos":"1')),
        (alias) => {
          expect(decodeSubjectRecord(encodeRecord({ ...subject, alias }))).toEqual({ ...subject, alias });
        },
      ),
    );
  });

  it('cannot be given an amount by tags, whatever they are called', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('$nanos', '$', '__proto__', 'toString'));
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(fc.string(), fc.constant('9'))), (tags) => {
        if (Object.hasOwn(tags, '$nanos')) {
          expect(() => encodeRecord({ ...subject, tags })).toThrow('no member of a record may be called $nanos');
        } else {
          expect(decodeSubjectRecord(encodeRecord({ ...subject, tags })).tags).toEqual(tags);
        }
      }),
    );
  });

  it('of another format are not read at all: the proxy refuses rather than guess', () => {
    const newer = encodeRecord(subject).replace('"format":1', '"format":2');
    expect(() => decodeSubjectRecord(newer)).toThrow(RecordFormatError);
  });
});
