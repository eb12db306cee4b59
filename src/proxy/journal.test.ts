import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTestLog } from '../../test/gen/test-log.ts';
import { createDisk } from '../adapters/disk/disk.ts';
import type { Hold } from '../core/hold.ts';
import { createJournal, type JournalEntry } from './journal.ts';

const HOLD: Hold = {
  admittedMs: 1_764_000_000_000,
  windowEndMs: null,
  charges: [{ subject: { kind: 'vkey', namespace: 'shop', name: 'bot' }, counter: 'u' }],
  amount: 5n,
  onLost: 3n,
};

const entry = (seq: number, proxy = 'p1'): JournalEntry => ({
  id: { proxy, seq },
  hold: HOLD,
  actual: BigInt(seq) * 1_000n,
  usage: '{"model":"gpt"}',
});

function setup(options: { maxBytes?: number; segmentBytes?: number; proxy?: string; folder?: string } = {}) {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'budgetd-journal-'));
  const log = createTestLog();
  const journal = createJournal(
    { disk: createDisk(folder), log },
    {
      proxy: options.proxy ?? 'p1',
      maxBytes: options.maxBytes ?? 1_000_000,
      ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    },
  );
  return { folder, log, journal };
}

/** A journal on a disk whose appends go through `append`. */
function setupOn(append: (text: string, write: (text: string) => void) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'budgetd-journal-'));
  const disk = createDisk(folder);
  const log = createTestLog();
  const open: typeof disk.open = (name) => {
    const file = disk.open(name);
    return { ...file, append: (text) => append(text, file.append) };
  };
  const journal = createJournal({ log, disk: { ...disk, open } }, { proxy: 'p1', maxBytes: 1_000_000 });
  return { folder, log, journal };
}

it('an appended entry is read back whole by a later process', () => {
  const { folder, journal } = setup();
  journal.append(entry(1));
  journal.append(entry(2));
  const [leftover] = setup({ folder, proxy: 'p2' }).journal.leftovers();
  expect(leftover?.entries).toEqual([entry(1), entry(2)]);
  leftover?.forget();
  expect(readdirSync(folder)).toEqual([]);
});

it('is readable by its owner only: it names who spends what', () => {
  const { folder, journal } = setup();
  journal.append(entry(1));
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

it('half a line, as a killed process leaves it, loses only itself', () => {
  const { folder, journal } = setup();
  journal.append(entry(1));
  const [name = ''] = readdirSync(folder);
  const whole = readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, name), whole + whole.slice(0, 40));
  const later = setup({ folder, proxy: 'p2' });
  expect(later.journal.leftovers()[0]?.entries).toEqual([entry(1)]);
  expect(later.log.lines.join()).toContain('incomplete');
});

it('drops a full segment when all of it is confirmed, and not before', () => {
  const { folder, journal } = setup({ segmentBytes: 100 });
  for (let seq = 1; seq <= 4; seq += 1) journal.append(entry(seq));
  const files = readdirSync(folder).length;
  journal.confirm(entry(1).id);
  journal.confirm(entry(3).id);
  journal.confirm(entry(4).id);
  const kept = setup({ folder, proxy: 'p2' }).journal.leftovers();
  expect(kept.flatMap((one) => one.entries)).toContainEqual(entry(2));
  journal.confirm(entry(2).id);
  expect(readdirSync(folder).length).toBeLessThan(files);
});

it('has no room for another call once it is full, and has again when confirmed', () => {
  const { journal } = setup({ maxBytes: 150, segmentBytes: 100 });
  expect(journal.hasRoom()).toBe(true);
  journal.append(entry(1));
  journal.append(entry(2));
  expect(journal.hasRoom()).toBe(false);
  journal.confirm(entry(1).id);
  journal.confirm(entry(2).id);
  expect(journal.hasRoom()).toBe(true);
});

it('a disk that takes no bytes admits nothing until it does again', () => {
  let full = true;
  const { log, journal } = setupOn((text, write) => {
    if (full) throw new Error('ENOSPC');
    write(text);
  });
  expect(journal.append(entry(1))).toBe(false);
  journal.probe();
  expect(journal.hasRoom()).toBe(false);
  full = false;
  journal.probe();
  expect(journal.hasRoom()).toBe(true);
  expect(log.lines).toHaveLength(1);
});

it('a clean end leaves no file of confirmed entries and keeps unconfirmed ones', () => {
  const { folder, journal } = setup();
  journal.append(entry(1));
  journal.confirm(entry(1).id);
  journal.close();
  expect(readdirSync(folder)).toEqual([]);
  const second = setup({ folder, proxy: 'p2' });
  second.journal.append(entry(1, 'p2'));
  second.journal.close();
  expect(readdirSync(folder)).toHaveLength(1);
});

it('a half-written line spoils no later entry: the next one goes to another file', () => {
  let tear = false;
  const { folder, journal } = setupOn((text, write) => {
    write(tear ? text.slice(0, 20) : text);
    if (tear) throw new Error('short write');
  });
  journal.append(entry(1));
  tear = true;
  expect(journal.append(entry(2))).toBe(false);
  tear = false;
  expect(journal.append(entry(3))).toBe(true);
  const kept = setup({ folder, proxy: 'p2' }).journal.leftovers();
  expect(kept.flatMap((one) => one.entries)).toEqual([entry(1), entry(3)]);
});

it('a confirmed file that cannot be removed is said, and ends nothing', () => {
  const { folder, journal, log } = setup({ segmentBytes: 10 });
  journal.append(entry(1));
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  journal.confirm(entry(1).id);
  expect(log.lines.join()).toContain('cannot be removed');
  journal.close();
  journal.confirm(entry(1).id);
});
