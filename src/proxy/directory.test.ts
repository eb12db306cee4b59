import { expect, it } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { createMemoryStore } from '../../test/gen/memory-store.ts';
import { encodeRecord } from '../core/record.ts';
import { createDirectory } from './directory.ts';

const SUBJECT = { kind: 'vkey', namespace: 'shop', name: 'bot' } as const;

function setup(maxEntries = 100) {
  const clock = createManualClock(0);
  const records = createMemoryStore();
  const directory = createDirectory({ records, clock }, { maxEntries, freshMs: 1_000 });
  return { clock, records, directory: directory.view(), view: () => directory.view() };
}

it('loads a record once, however many calls want it at the same time', async () => {
  const { records, directory } = setup();
  await records.put('k:aa', encodeRecord({ subject: SUBJECT }));
  const found = await Promise.all([directory.keyIndex('aa'), directory.keyIndex('aa'), directory.keyIndex('aa')]);
  expect(found).toEqual([{ subject: SUBJECT }, { subject: SUBJECT }, { subject: SUBJECT }]);
  expect(records.reads).toEqual(['k:aa']);
});

it('takes an unknown key for unknown for a moment only', async () => {
  const { clock, records, directory } = setup();
  expect(await directory.keyIndex('aa')).toBeNull();
  await records.put('k:aa', encodeRecord({ subject: SUBJECT }));
  clock.advance(999);
  expect(await directory.keyIndex('aa')).toBeNull();
  clock.advance(1);
  expect(await directory.keyIndex('aa')).toEqual({ subject: SUBJECT });
});

it('keeps known keys through a flood of unknown ones', async () => {
  const { records, directory } = setup(10);
  await records.put('k:aa', encodeRecord({ subject: SUBJECT }));
  await directory.keyIndex('aa');
  for (let n = 0; n < 100; n += 1) await directory.keyIndex(`unknown-${n}`);
  records.reads.length = 0;
  await directory.keyIndex('aa');
  expect(records.reads).toEqual([]);
});

it('does not remember a failure', async () => {
  const { records, directory } = setup();
  await records.put('k:aa', '{"format":2,"record":{}}');
  await expect(directory.keyIndex('aa')).rejects.toThrow('record format 2');
  await records.put('k:aa', encodeRecord({ subject: SUBJECT }));
  expect(await directory.keyIndex('aa')).toEqual({ subject: SUBJECT });
});

it('what a refusal rests on is looked up again once it is older than a second, and not before', async () => {
  const { clock, records, view } = setup();
  await records.put('k:aa', encodeRecord({ subject: SUBJECT }));
  await view().keyIndex('aa');
  clock.advance(999);
  const early = view();
  await early.keyIndex('aa');
  expect(early.renew()).toBe(false);
  await records.put('k:aa', encodeRecord({ subject: { ...SUBJECT, name: 'other' } }));
  clock.advance(1);
  const late = view();
  expect(await late.keyIndex('aa')).toEqual({ subject: SUBJECT });
  expect(late.renew()).toBe(true);
  expect(await late.keyIndex('aa')).toEqual({ subject: { ...SUBJECT, name: 'other' } });
  expect(late.renew()).toBe(false);
});
