/** An append-only file. */
export interface AppendFile {
  /** Hands the bytes to the operating system (they survive the process, not the power). */
  append(text: string): void;
  /** Forces what was appended to the device. */
  sync(): Promise<void>;
  close(): void;
}

/** The few file operations that the journal needs, below one directory. */
export interface Disk {
  /** Names of the files in the directory. */
  list(): readonly string[];
  read(name: string): string;
  /** Creates or continues a file; mode 0600. */
  open(name: string): AppendFile;
  remove(name: string): void;
}
