import type { Subject } from '../core/subject.ts';

/** Where generated virtual keys are kept for the people who hand them out. */
export interface KeyVault {
  /** The key kept for a VirtualKey, or null. */
  read(subject: Subject): string | null;
  /** Keeps a new key, readable by its owner only. Returns where. */
  keep(subject: Subject, key: string): string;
}
