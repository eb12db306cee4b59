/**
 * How many bytes of text a model generated: the string values inside every `delta` (streams) or `message` (JSON
 * answers), for the estimate of an answer that reports no usage. Counted without parsing, on whatever arrived: cut or
 * invalid JSON is counted as far as it goes, and escapes count as written.
 *
 * @param text the bytes as latin1, one character each: searching a string is several times faster than a buffer
 * @param name what holds generated text; without its opening quote, because a search that starts with a quote stops at
 *   every string of the text
 */
export function generatedBytes(text: string, name: 'delta"' | 'message"'): number {
  let total = 0;
  for (let at = text.indexOf(name); at >= 0;) {
    const value = stringBytes(text, at + name.length);
    total += value.total;
    at = text.indexOf(name, value.end);
  }
  return total;
}

/** Adds up the string values of the one JSON value after `start`, where its member's colon is expected. */
function stringBytes(text: string, start: number): { total: number; end: number } {
  let total = 0;
  let last = 0;
  let open = 0;
  let at = start;
  for (let isOver = false; at < text.length && !isOver; at += 1) {
    const character = text[at];
    if (character === '"') {
      const end = closingQuote(text, at);
      last = end - at - 1;
      total += last;
      at = end;
    } else if (character === ':') {
      // What a colon follows was a member's name.
      total -= last;
      last = 0;
    } else if (character === '{' || character === '[') {
      open += 1;
    } else if (character === '}' || character === ']') {
      open -= 1;
      isOver = open <= 0;
    } else if (character === ',') {
      isOver = open === 0;
    }
  }
  return { total, end: at };
}

/** Where the string that opens at `start` closes, or the text ends. */
function closingQuote(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at >= 0 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
}

/** A quote is escaped when an odd number of backslashes stands before it. */
function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text[before] === '\\') before -= 1;
  return (quote - before) % 2 === 0;
}
