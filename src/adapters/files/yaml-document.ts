import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLParseError,
  type YAMLSeq,
} from 'yaml';
import type { FieldPath } from '../../core/problem.ts';
import { readPlainScalar } from './yaml-scalar.ts';

/** One YAML document as kubectl reads it, and where each of its fields stands. */
export interface YamlDocument {
  /** JSON data; null for an empty document. */
  readonly value: unknown;
  /** First line, from 1. */
  readonly line: number;
  /** Line of a field, or of the nearest parent that is written. */
  lineOf(path: FieldPath): number;
}

/** What kubectl would refuse or misread, with the line. */
export interface YamlFault {
  readonly line: number;
  readonly path: FieldPath;
  readonly message: string;
}

export interface YamlReading {
  readonly documents: readonly YamlDocument[];
  readonly faults: readonly YamlFault[];
}

/** Values of one document, aliases expanded; bounds what anchors can multiply. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 64;

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
  const walk = new Conversion(parsed, lineAt);
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

/** One walk over a document: converts nodes to data and notes lines and faults on the way. */
class Conversion {
  readonly lines = new Map<string, number>();
  readonly faults: YamlFault[] = [];
  readonly #document: Document.Parsed;
  readonly #lineAt: (offset: number) => number;
  #nodes = 0;

  constructor(document: Document.Parsed, lineAt: (offset: number) => number) {
    this.#document = document;
    this.#lineAt = lineAt;
  }

  convert(node: unknown, path: FieldPath, depth: number): unknown {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || depth > MAX_DEPTH) {
      if (this.faults.length === 0)
        this.#fault(node, path, 'the document is too large, too deep or its anchors expand too far');
      return null;
    }
    if (isAlias(node)) return this.#alias(node, path, depth);
    if (isMap(node)) return this.#map(node, path, depth);
    if (isSeq(node)) return this.#list(node, path, depth);
    return isScalar(node) ? this.#scalar(node, path) : null;
  }

  #alias(node: Alias, path: FieldPath, depth: number): unknown {
    const target = node.resolve(this.#document);
    if (target !== undefined) return this.convert(target, path, depth + 1);
    this.#fault(node, path, `there is no anchor &${node.source} above`);
    return null;
  }

  #list(node: YAMLSeq, path: FieldPath, depth: number): unknown[] {
    return node.items.map((item, index) => {
      const at = [...path, index];
      this.#note(item, at);
      return this.convert(item, at, depth + 1);
    });
  }

  #map(node: YAMLMap, path: FieldPath, depth: number): unknown {
    const entries = new Map<string, unknown>();
    for (const pair of node.items) {
      if (isMergeKey(pair.key)) {
        this.#merge(pair.value, entries, path, depth);
        continue;
      }
      const key = this.#key(pair.key, path);
      if (key === undefined) continue;
      const at = [...path, key];
      if (entries.has(key)) this.#fault(pair.key, at, 'this key is there twice; keep one of them');
      this.#note(pair.key, at);
      entries.set(key, this.convert(pair.value, at, depth + 1));
    }
    // Defines own properties, whatever the key is named.
    return Object.fromEntries(entries);
  }

  /** Keys are text in JSON. kubectl would write `true` for `yes`, which nobody means, so that is refused. */
  #key(node: unknown, path: FieldPath): string | undefined {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    const value = isScalar(target) ? this.#scalar(target, path) : undefined;
    if (typeof value === 'string') return value;
    if (Number.isInteger(value)) return String(value);
    if (typeof value === 'boolean') {
      this.#fault(node, path, `the key ${scalarText(target)} is the boolean ${value} in YAML 1.1; quote it`);
    } else {
      this.#fault(node, path, 'a key must be text; quote it');
    }
    return undefined;
  }

  /** `<<: *base` or a list of those. kubectl lets a merge override keys written before it, so those are refused. */
  #merge(node: unknown, entries: Map<string, unknown>, path: FieldPath, depth: number): void {
    const sources = isSeq(node) ? node.items : [node];
    const merged = new Map<string, unknown>();
    for (const source of sources) {
      const value = this.convert(source, path, depth + 1);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        this.#fault(node, path, '<< needs a mapping or a list of mappings');
        continue;
      }
      for (const [key, member] of Object.entries(value)) if (!merged.has(key)) merged.set(key, member);
    }
    for (const [key, member] of merged) {
      if (entries.has(key))
        this.#fault(node, [...path, key], 'this merge overrides a key written before it; put << first');
      entries.set(key, member);
    }
  }

  #scalar(node: Scalar, path: FieldPath): unknown {
    const text = typeof node.value === 'string' ? node.value : '';
    if (node.tag !== undefined && !['tag:yaml.org,2002:str', '!'].includes(node.tag)) {
      this.#fault(node, path, 'the value has a YAML tag; write it without one');
    }
    if (node.type !== 'PLAIN' || node.tag !== undefined) return text;
    const value = readPlainScalar(text);
    if (typeof value === 'number' && !Number.isFinite(value)) this.#fault(node, path, `${text} is no JSON number`);
    return value;
  }

  #note(node: unknown, path: FieldPath): void {
    const offset = offsetOf(node);
    if (offset !== undefined) this.lines.set(JSON.stringify(path), this.#lineAt(offset));
  }

  #fault(node: unknown, path: FieldPath, message: string): void {
    this.faults.push({ line: this.#lineAt(offsetOf(node) ?? 0), path, message });
  }
}

function isMergeKey(node: unknown): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.value === '<<';
}

function scalarText(node: unknown): string {
  return isScalar(node) ? String(node.value) : '';
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
