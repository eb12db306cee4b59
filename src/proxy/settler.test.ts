import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createManualClock } from '../../test/gen/manual-clock.ts';
import { silentMetrics } from '../../test/gen/silent-metrics.ts';
import { createTestLog } from '../../test/gen/test-log.ts';
import { createDisk } from '../adapters/disk/disk.ts';
import type { Hold } from '../core/hold.ts';
import type { Ledger, Settle, SettleOutcome } from '../ports/ledger.ts';
import { createJournal } from './journal.ts';
import { createSession } from './session.ts';
import { createSettler } from './settler.ts';

const HOLD: Hold = {
  admittedMs: 1,
  windowEndMs: null,
  charges: [{ subject: { kind: 'vkey', namespace: 'shop', name: 'bot' }, counter: 'u' }],
  amount: 5n,
  onLost: 3n,
};
const AWAY: SettleOutcome = { kind: 'away', cause: 'ECONNREFUSED', uncertain: false };
const DONE: SettleOutcome = { kind: 'done', position: { incarnation: 'i', count: 1 } };

/** A settler over a ledger that answers what the test says. */
function setup(answer: () => SettleOutcome, folder = mkdtempSync(join(tmpdir(), 'budgetd-settler-')), proxy = 'p1') {
  const clock = createManualClock(0);
  const log = createTestLog();
  const settles: Settle[] = [];
  const ledger: Ledger = {
    settle(settle) {
      settles.push(settle);
      return Promise.resolve(answer());
    },
    beat: () => Promise.resolve({ kind: 'beat', nowMs: 0, unknown: [] }),
    reserve: () => Promise.resolve({ kind: 'cold' }),
    sweep: () => Promise.resolve({ kind: 'cold' }),
    read: () => Promise.resolve({ kind: 'cold' }),
    close: () => Promise.resolve(),
  };
  const session = createSession({ ledger, clock, log }, { proxy });
  const journal = createJournal({ disk: createDisk(folder), log }, { proxy, maxBytes: 1_000_000 });
  const settler = createSettler({ ledger, journal, session, clock, log, metrics: silentMetrics });
  return { clock, log, settles, session, journal, settler, folder };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('repeats a settle with the same content until the ledger confirms it', async () => {
  const answers = [AWAY, { kind: 'cold' } as const, DONE];
  const { clock, settles, session, settler } = setup(() => answers.shift() ?? DONE);
  const id = session.nextId();
  settler.submit({ id, hold: HOLD, actual: 7n, usage: 'u' });
  await turn();
  expect(settler.pending()).toBe(1);
  expect(session.low()).toBe(0);
  for (let tries = 0; tries < 4; tries += 1) {
    clock.advance(5_000);
    await turn();
  }
  expect(settles).toHaveLength(3);
  expect(new Set(settles.map((settle) => JSON.stringify([settle.id, `${settle.actual}`, settle.usage]))).size).toBe(1);
  expect(settler.pending()).toBe(0);
  expect(session.low()).toBe(1);
});

it('waits longer between tries while the ledger stays away', async () => {
  const { clock, settles, session, settler } = setup(() => AWAY);
  settler.submit({ id: session.nextId(), hold: HOLD, actual: 7n, usage: null });
  for (let second = 0; second < 60; second += 1) {
    await turn();
    clock.advance(1_000);
  }
  expect(settles.length).toBeGreaterThan(8);
  expect(settles.length).toBeLessThan(30);
});

it('a conflict is final and is said: the first amount stands', async () => {
  const { log, settles, session, settler } = setup(() => ({ kind: 'conflict', recorded: '=9' }));
  settler.submit({ id: session.nextId(), hold: HOLD, actual: 7n, usage: null });
  await turn();
  expect(settles).toHaveLength(1);
  expect(settler.pending()).toBe(0);
  expect(log.lines.join()).toContain('=9');
});

it("sends an earlier process's entries under its own id and then drops its file", async () => {
  const before = setup(() => AWAY);
  before.settler.submit({ id: before.session.nextId(), hold: HOLD, actual: 7n, usage: 'u' });
  before.journal.append({ id: { proxy: 'p1', seq: 2 }, hold: HOLD, actual: 8n, usage: null });
  const after = setup(() => DONE, before.folder, 'p2');
  after.settler.replay();
  after.clock.advance(1_000);
  await turn();
  expect(after.settles.map(({ id, actual, low }) => ({ id, actual, low }))).toEqual([
    { id: { proxy: 'p1', seq: 1 }, actual: 7n, low: 0 },
    { id: { proxy: 'p1', seq: 2 }, actual: 8n, low: 0 },
  ]);
  expect(readdirSync(before.folder)).toEqual([]);
});

it('draining ends when everything is confirmed, or says that it was not', async () => {
  let away = true;
  const { clock, session, settler } = setup(() => (away ? AWAY : DONE));
  settler.submit({ id: session.nextId(), hold: HOLD, actual: 7n, usage: null });
  await turn();
  const tooShort = settler.drain(50);
  clock.advance(50);
  expect(await tooShort).toBe(false);
  away = false;
  const drained = settler.drain(60_000);
  clock.advance(10_000);
  await turn();
  expect(await drained).toBe(true);
});

it('a disk that failed once is tried again although nothing is pending any more', async () => {
  const { clock, journal, session, settler, folder } = setup(() => DONE);
  // Root may write anywhere, so the folder is replaced by a file: nothing can be created in it.
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  settler.submit({ id: session.nextId(), hold: HOLD, actual: 7n, usage: null });
  await turn();
  expect(settler.pending()).toBe(0);
  expect(journal.hasRoom()).toBe(false);
  clock.advance(5_000);
  expect(journal.hasRoom()).toBe(false);
  rmSync(folder);
  mkdirSync(folder);
  clock.advance(2_000);
  expect(journal.hasRoom()).toBe(true);
});
