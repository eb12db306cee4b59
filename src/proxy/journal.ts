import { decodeHold, encodeHold, type Hold, type HoldId } from '../core/hold.ts';
import type { Nanos } from '../core/money.ts';
import type { AppendFile, Disk } from '../ports/disk.ts';
import { errorText, type Log } from '../ports/log.ts';

/** A settle as it is remembered until the ledger has confirmed it: self-contained, so any later process can send it. */
export interface JournalEntry {
  readonly id: HoldId;
  readonly hold: Hold;
  /** Nano-USD; 0 releases. */
  readonly actual: Nanos;
  readonly usage: string | null;
}

/** Entries of processes that ended before the ledger confirmed them, and how to drop their file afterwards. */
export interface Leftover {
  readonly entries: readonly JournalEntry[];
  forget(): void;
}

/**
 * The write-ahead journal of settles: appended before the last byte of an answer is sent, forced to the device only
 * when the ledger stays silent. Survives the process; a file goes when the ledger confirmed all that it holds.
 */
export interface Journal {
  /** False: the entry is not on disk; it lives in this process only until it is appended again. */
  append(entry: JournalEntry): boolean;
  confirm(id: HoldId): void;
  /** Forces what is unconfirmed to the device. */
  sync(): Promise<void>;
  /** What earlier processes left. */
  leftovers(): readonly Leftover[];
  /** False while the journal cannot take another entry: admit nothing. */
  hasRoom(): boolean;
  /** After a failed append: tries whether the disk takes bytes again. */
  probe(): void;
  close(): void;
}

export interface JournalOptions {
  /** UUID of this process start; names its files. */
  readonly proxy: string;
  /** Over this many bytes of unconfirmed files nothing is appended. */
  readonly maxBytes: number;
  readonly segmentBytes?: number;
}

interface Segment {
  readonly name: string;
  readonly file: AppendFile;
  bytes: number;
  unconfirmed: number;
}

const SUFFIX = '.journal';
const SEGMENT_BYTES = 1_048_576;

export function createJournal(deps: { disk: Disk; log: Log }, options: JournalOptions): Journal {
  const { disk, log } = deps;
  const segments = createSegments(deps, options.proxy, options.segmentBytes ?? SEGMENT_BYTES);
  const segmentOf = new Map<number, Segment>();
  let failed = false;

  const write = (line: string): Segment | undefined => {
    try {
      const segment = segments.append(line);
      failed = false;
      return segment;
    } catch (error) {
      if (!failed) log.error('journal: cannot append; no call is admitted until it can', { error: errorText(error) });
      failed = true;
      return undefined;
    }
  };

  return {
    append(entry) {
      const segment = write(`${encodeEntry(entry)}\n`);
      if (segment === undefined) return false;
      segment.unconfirmed += 1;
      segmentOf.set(entry.id.seq, segment);
      return true;
    },
    probe() {
      if (failed) write('\n');
    },
    confirm(id) {
      const segment = segmentOf.get(id.seq);
      if (segment === undefined) return;
      segmentOf.delete(id.seq);
      segment.unconfirmed -= 1;
      segments.retireIfDone(segment);
    },
    sync: () => segments.sync(),
    leftovers: () =>
      disk
        .list()
        .filter((name) => name.endsWith(SUFFIX) && !name.startsWith(`${options.proxy}.`))
        .map((name) => ({ entries: readEntries(disk.read(name), name, log), forget: () => disk.remove(name) })),
    hasRoom: () => !failed && segments.bytes() < options.maxBytes,
    close: () => segments.close(),
  };
}

interface Segments {
  /** Writes a line to the newest file that is not full. @throws what the disk throws */
  append(line: string): Segment;
  /** Removes a full file without unconfirmed entries. */
  retireIfDone(segment: Segment): void;
  sync(): Promise<void>;
  bytes(): number;
  close(): void;
}

function createSegments({ disk, log }: { disk: Disk; log: Log }, proxy: string, fullBytes: number): Segments {
  const segments = new Set<Segment>();
  let newest: Segment | undefined;
  let opened = 0;
  const isFull = (segment: Segment): boolean => segment.bytes >= fullBytes;
  const open = (): Segment => {
    opened += 1;
    const name = `${proxy}.${opened}${SUFFIX}`;
    const segment = { name, file: disk.open(name), bytes: 0, unconfirmed: 0 };
    segments.add(segment);
    return segment;
  };
  const retire = (segment: Segment): void => {
    segments.delete(segment);
    if (newest === segment) newest = undefined;
    try {
      segment.file.close();
      disk.remove(segment.name);
    } catch (error) {
      // What stays behind is sent once more by the next process, to no effect.
      log.warn('journal: a confirmed file cannot be removed', { file: segment.name, error: errorText(error) });
    }
  };
  return {
    append(line) {
      const segment = newest === undefined || isFull(newest) ? open() : newest;
      // A write that failed may have left half a line: nothing may be glued to it.
      newest = undefined;
      segment.file.append(line);
      segment.bytes += line.length;
      newest = segment;
      return segment;
    },
    retireIfDone(segment) {
      if (!segments.has(segment)) return;
      if (segment.unconfirmed === 0 && (segment !== newest || isFull(segment))) retire(segment);
    },
    async sync() {
      await Promise.all([...segments].filter(({ unconfirmed }) => unconfirmed > 0).map(({ file }) => file.sync()));
    },
    bytes: () => [...segments].reduce((sum, segment) => sum + segment.bytes, 0),
    close() {
      for (const segment of segments) {
        if (segment.unconfirmed === 0) retire(segment);
        else segment.file.close();
      }
      segments.clear();
    },
  };
}

function encodeEntry(entry: JournalEntry): string {
  const { id, hold, actual, usage } = entry;
  return JSON.stringify([id.proxy, id.seq, encodeHold(hold), actual.toString(), usage]);
}

/** A process that dies while it writes leaves half a line: its call was not answered in full, its hold stands. */
function readEntries(text: string, name: string, log: Log): JournalEntry[] {
  const lines = text.split('\n');
  const torn = lines.pop();
  if (torn !== '') log.warn('journal: the last entry is incomplete and is left to the sweeper', { file: name });
  return lines.flatMap((line) => {
    if (line === '') return [];
    try {
      return [readEntry(line)];
    } catch (error) {
      log.error('journal: an entry cannot be read and is left to the sweeper', { file: name, error: errorText(error) });
      return [];
    }
  });
}

function readEntry(line: string): JournalEntry {
  const [proxy, seq, hold, actual, usage] = JSON.parse(line) as [string, number, string, string, string | null];
  return { id: { proxy, seq }, hold: decodeHold(hold), actual: BigInt(actual), usage };
}
