/** Cuts a body into lines, whatever the chunks it comes in. */
export interface LineParser {
  /**
   * The lines that end in `chunk`, without empty ones. The chunk may be kept.
   *
   * @throws LineError for a line that is too long or no UTF-8
   */
  push(chunk: Uint8Array): string[];
  /**
   * The body has ended.
   *
   * @throws LineError when it ended within a line
   */
  end(): void;
}

/** The body is no sequence of lines. The message says nothing of what it holds. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

const NEWLINE = 0x0a;

/** @param capBytes the longest line, without its newline */
export function createLineParser(capBytes: number): LineParser {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let parts: Uint8Array[] = [];
  let held = 0;

  const add = (bytes: Uint8Array): void => {
    held += bytes.length;
    if (held > capBytes) throw new LineError(`a line is longer than ${capBytes} bytes`);
    if (bytes.length > 0) parts.push(bytes);
  };
  // No byte of a longer UTF-8 sequence is a newline, so whole lines are whole characters.
  const take = (): string => {
    const line = Buffer.concat(parts);
    parts = [];
    held = 0;
    try {
      return decoder.decode(line).trim();
    } catch {
      throw new LineError('a line is not UTF-8');
    }
  };

  return {
    push(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        add(chunk.subarray(from, end));
        const line = take();
        if (line !== '') lines.push(line);
        from = end + 1;
      }
      add(chunk.subarray(from));
      return lines;
    },
    end() {
      if (held > 0) throw new LineError('cut within a line');
    },
  };
}
