import { expect, test } from 'vitest';
import { call, KNOWN, NEW, NOON, PLATFORM, settleOf, subject } from '../gen/calls.ts';
import { admitted, done, type LedgerHome } from '../gen/ledger-world.ts';
import type { Exceptions, World } from './ledger.ts';

const KEY = subject('vkey', 'bot');

export function writerContract(world: World, make: () => Promise<LedgerHome>, skip: Exceptions): void {
  test('every claim gets a higher term and an older term changes nothing', async () => {
    const { writer } = world().store;
    const older = world().term;
    await world().compile(KEY);
    expect(await writer.claim(KNOWN)).toEqual({ kind: 'claimed', term: older + 1, fresh: false });
    const fenced = { kind: 'fenced', term: older + 1 };
    expect(await writer.edit(older, { subject: KEY, revision: '2', definitions: {} })).toEqual(fenced);
    expect(await writer.editPlatform(older, 'other')).toEqual(fenced);
    expect(await writer.renewLease(older)).toEqual(fenced);
    expect((await world().look(KEY)).revision).toBe('1');
    await admitted(world().store.ledger.reserve(call(NOON, { platformRevision: PLATFORM })));
    await done(writer.renewLease(older + 1));
  });

  test('a claim of a given term needs one above every earlier term', async () => {
    const { writer } = world().store;
    const { term } = world();
    expect(await writer.claim({ ...KNOWN, term })).toEqual({ kind: 'fenced', term });
    expect(await writer.claim({ ...KNOWN, term: term + 5 })).toMatchObject({ kind: 'claimed', term: term + 5 });
    expect(await writer.claim({ ...KNOWN, term: term + 4 })).toEqual({ kind: 'fenced', term: term + 5 });
    await done(writer.renewLease(term + 5));
  });

  test('an installation belongs to the first cluster that claims it', async () => {
    const { writer } = world().store;
    expect(await writer.claim({ ...KNOWN, cluster: 'one' })).toMatchObject({ kind: 'claimed' });
    expect(await writer.claim({ ...KNOWN, cluster: 'two' })).toEqual({ kind: 'foreign', cluster: 'one' });
    expect(await writer.claim({ ...KNOWN, cluster: 'one' })).toMatchObject({ kind: 'claimed' });
    expect(await writer.claim(KNOWN)).toMatchObject({ kind: 'claimed' });
    expect(await writer.claim({ ...KNOWN, cluster: 'two' })).toMatchObject({ kind: 'foreign' });
  });

  test('an empty ledger is cold for everybody until somebody claims it as new', async () => {
    const home = await make();
    await home.setClock(NOON);
    const { ledger, writer } = home.store;
    const cold = { kind: 'cold' };
    expect(await ledger.reserve(call(NOON))).toEqual(cold);
    expect(await ledger.settle(settleOf(call(NOON), 5n))).toEqual(cold);
    expect(await ledger.beat('proxy-1', [], [])).toEqual(cold);
    expect(await ledger.sweep(1)).toEqual(cold);
    expect(await ledger.read([])).toEqual(cold);
    expect(await writer.renewLease(1)).toEqual(cold);
    expect(await writer.claim(NEW)).toEqual({ kind: 'claimed', term: 1, fresh: true });
    expect(await ledger.read([])).toMatchObject({ kind: 'read' });
    await home.close();
  });

  test('an empty ledger that was known before is a loss, and stays one', async () => {
    const home = await make();
    await home.setClock(NOON);
    const { ledger, writer } = home.store;
    expect(await writer.claim(KNOWN)).toEqual({ kind: 'cold' });
    expect(await writer.claim(NEW)).toEqual({ kind: 'cold' });
    expect(await ledger.settle(settleOf(call(NOON), 5n))).toEqual({ kind: 'cold' });
    await home.close();
  });

  test('a loss ends only when a person accepts it, and there is nothing to accept without one', async () => {
    const home = await make();
    await home.setClock(NOON);
    const { ledger, writer } = home.store;
    expect(await writer.claim(KNOWN)).toEqual({ kind: 'cold' });
    expect(await writer.acceptLoss()).toEqual({ kind: 'accepted' });
    expect(await writer.acceptLoss()).toEqual({ kind: 'intact' });
    expect(await writer.claim(KNOWN)).toMatchObject({ kind: 'claimed', term: 1 });
    expect(await ledger.read([])).toMatchObject({ kind: 'read' });
    await home.close();
  });

  test.skipIf(skip.sharing !== undefined)(
    'two processes share one ledger: ids, counters, terms and records',
    async () => {
      await world().compile(KEY);
      const other = await world().another();
      await admitted(world().store.ledger.reserve(call(NOON)));
      expect(await other.ledger.reserve(call(NOON, { amount: 101n }))).toEqual({ kind: 'conflict' });
      await done(other.ledger.settle(settleOf(call(NOON), 30n)));
      expect(await world().store.ledger.settle(settleOf(call(NOON), 30n))).toEqual({ kind: 'duplicate' });
      expect((await world().look(KEY)).totals).toEqual({ u: 30n });
      await world().store.records.put('k:abc', 'text');
      expect(await other.records.get('k:abc')).toBe('text');
      await other.close();
    },
  );

  test('records are kept by name, replaced, removed and listed', async () => {
    const { records } = world().store;
    expect(await records.get('platform')).toBeNull();
    await records.put('platform', 'one');
    await records.put('platform', 'two');
    await records.put('r:vkey:shop/bot', '{"text": "with \u00e4 and spaces"}');
    await records.put('k:gone', 'x');
    await records.remove('k:gone');
    await records.remove('k:never');
    expect(await records.get('platform')).toBe('two');
    expect(await records.get('r:vkey:shop/bot')).toBe('{"text": "with \u00e4 and spaces"}');
    expect(await records.get('k:gone')).toBeNull();
    expect(await records.getAll(['k:never', 'platform', 'platform'])).toEqual([null, 'two', 'two']);
    expect(await records.getAll([])).toEqual([]);
    expect((await records.names()).toSorted()).toEqual(['platform', 'r:vkey:shop/bot']);
  });

  test('records do not depend on the ledger: a cold one has them as well', async () => {
    const home = await make();
    await home.store.records.put('platform', 'kept');
    expect(await home.store.records.get('platform')).toBe('kept');
    await home.close();
  });
}
