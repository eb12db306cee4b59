import { LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import type { FieldPath } from '../../core/problem.ts';
import { YamlConversion, type YamlFault } from './yaml-conversion.ts';

/** One YAML document as kubectl reads it, and where each of its fields stands. */
export interface YamlDocument {
  /** JSON data; null for an empty document. */
  readonly value: unknown;
  /** First line, from 1. */
  readonly line: number;
  /** Line of a field, or of the nearest parent that is written. */
  lineOf(path: FieldPath): number;
}

export interface YamlReading {
  readonly documents: readonly YamlDocument[];
  readonly faults: readonly YamlFault[];
}

/** Reads every document of a YAML stream or a JSON text. A document with a fault is left out. */
export function readYaml(text: string): YamlReading {
  const documents: YamlDocument[] = [];
  const faults: YamlFault[] = [];
  for (const part of splitDocuments(text)) {
    const reading = readDocument(part.text, part.line);
    if (reading.faults.length === 0) documents.push(reading.document);
    faults.push(...reading.faults);
  }
  return { documents, faults };
}

/** As kubectl splits: at lines that begin with `---` and hold nothing else but a comment. */
function splitDocuments(text: string): { readonly text: string; readonly line: number }[] {
  // A stream that begins with a brace is JSON to kubectl.
  if (text.trimStart().startsWith('{')) return [{ text, line: 1 }];
  const parts: { text: string; line: number }[] = [];
  let lines: string[] = [];
  let first = 1;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^---\s*(#.*)?$/.test(line)) {
      parts.push({ text: lines.join('\n'), line: first });
      lines = [];
      first = index + 2;
    } else {
      lines.push(line);
    }
  }
  return [...parts, { text: lines.join('\n'), line: first }];
}

function readDocument(text: string, firstLine: number): { document: YamlDocument; faults: YamlFault[] } {
  const counter = new LineCounter();
  // Scalars are resolved here, keys compared after that: the library's own schema is YAML's, not kubectl's.
  const parsed = parseDocument(text, {
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    lineCounter: counter,
    prettyErrors: false,
  });
  const lineAt = (offset: number): number => counter.linePos(offset).line + firstLine - 1;
  const syntax = [
    jsonFault(text, firstLine),
    ...parsed.errors.map((error) => ({ line: lineAt(error.pos[0]), path: [], message: syntaxText(error) })),
  ];
  const faults: YamlFault[] = syntax.filter((fault) => fault !== undefined).slice(0, 1);
  const walk = new YamlConversion(parsed, lineAt);
  const value = faults.length === 0 ? walk.convert(parsed.contents, [], 0) : null;
  faults.push(...walk.faults);
  const contents = parsed.contents;
  const line = contents?.range ? lineAt(contents.range[0]) : firstLine;
  return { document: { value, line, lineOf: (path) => nearestLine(walk.lines, path) ?? line }, faults };
}

function syntaxText(error: YAMLParseError): string {
  return error.code === 'MULTIPLE_DOCS'
    ? 'kubectl reads nothing after the end of this document; begin the next one with a line ---'
    : `not YAML: ${error.message}`;
}

function jsonFault(text: string, line: number): YamlFault | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { line, path: [], message: `a file that begins with "{" must be one JSON object: ${reason}` };
  }
}

function nearestLine(lines: ReadonlyMap<string, number>, path: FieldPath): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const line = lines.get(JSON.stringify(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return undefined;
}
