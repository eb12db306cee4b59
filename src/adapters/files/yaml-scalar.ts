/**
 * Plain (unquoted) YAML scalars as kubectl reads them: YAML 1.1 as sigs.k8s.io/yaml understands it (goyaml.v2, its file
 * resolve.go). Sexagesimals and dates stay text, underscores in numbers are dropped, a leading zero means octal.
 */
export function readPlainScalar(text: string): string | number | boolean | null {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (text.startsWith('.')) return GO_FRACTION.test(text) ? (readFloat(text.replaceAll('_', '')) ?? text) : text;
  if (!/^[-+0-9]/.test(text)) return text;
  const plain = text.replaceAll('_', '');
  return readInteger(plain) ?? readFloat(plain) ?? text;
}

/** The words of resolve.go; every other spelling (`yES`, `tRUE`) is text. */
const WORDS: ReadonlyMap<string, boolean | null | number> = new Map<string, boolean | null | number>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
]);

/** What begins with a point goes to Go's ParseFloat as it stands: underscores between digits only. */
const GO_FRACTION = /^\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?$/;

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** Go's ParseInt and ParseUint with base 0: a sign, then 0x, 0b, 0o, or 0 for octal; undefined outside 64 bits. */
function readInteger(text: string): number | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hexadecimal, binary, octal, decimal] = match;
  const digits =
    (hexadecimal && `0x${hexadecimal}`) ?? (binary && `0b${binary}`) ?? (octal && `0o${octal}`) ?? decimal ?? '';
  const magnitude = BigInt(digits);
  const limit = sign === '-' ? MAX_INT64 + 1n : sign === '+' ? MAX_INT64 : MAX_UINT64;
  if (magnitude > limit) return undefined;
  return Number(sign === '-' ? -magnitude : magnitude);
}

function readFloat(text: string): number | undefined {
  if (!/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  // Go reads a negative zero back as an integer.
  return value === 0 ? 0 : value;
}
