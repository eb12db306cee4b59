import { afterEach, beforeEach, describe } from 'vitest';
import { NOON } from '../gen/calls.ts';
import { type LedgerHome, type LedgerWorld, startWorld } from '../gen/ledger-world.ts';
import { adjustmentContract } from './adjust-record.ts';
import { resetContract } from './adjust.ts';
import { modelContract } from './model.ts';
import { reserveContract } from './reserve.ts';
import { settleContract } from './settle.ts';
import { upkeepContract } from './upkeep.ts';
import { windowContract } from './windows.ts';
import { writerContract } from './writer.ts';

/** The world of the running test. */
export type World = () => LedgerWorld;

/** What an adapter does not have, with the reason. */
export interface Exceptions {
  /** Several processes cannot share the data. */
  readonly sharing?: string;
}

/**
 * What every ledger adapter promises: each sentence of the ports' docstrings. `make` gives a new, empty ledger whose
 * clock the tests move.
 */
export function ledgerContract(name: string, make: () => Promise<LedgerHome>, skip: Exceptions = {}): void {
  describe(`ledger contract: ${name}`, () => {
    let world: LedgerWorld | undefined;
    beforeEach(async () => {
      world = await startWorld(await make(), NOON);
    });
    afterEach(async () => {
      await world?.close();
      world = undefined;
    });
    const current: World = () => {
      if (world === undefined) throw new Error('the world exists while a test runs');
      return world;
    };
    describe('reserve', () => reserveContract(current));
    describe('windows', () => windowContract(current));
    describe('settle', () => settleContract(current));
    describe('beat, sweep and time', () => upkeepContract(current));
    describe('resets', () => resetContract(current));
    describe('adjustments', () => adjustmentContract(current, make));
    describe('writer and records', () => writerContract(current, make, skip));
  });
  describe(`ledger model: ${name}`, () => modelContract(make));
}
