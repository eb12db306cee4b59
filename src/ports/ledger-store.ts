import type { LedgerWriter } from './ledger-writer.ts';
import type { Ledger } from './ledger.ts';
import type { RecordStore } from './record-store.ts';

/** What a ledger adapter gives: the three ports over one store. */
export interface LedgerStore {
  readonly ledger: Ledger;
  readonly writer: LedgerWriter;
  readonly records: RecordStore;
  /**
   * Resolves when the store answers, cold or not. Nobody has to wait for it: before, operations answer `away`.
   *
   * @throws PortError when the store cannot be reached (transient) or cannot be used
   */
  ready(): Promise<void>;
  close(): Promise<void>;
}
