import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { FieldPath } from '../../core/problem.ts';
import { readPlainScalar } from './yaml-scalar.ts';

/** What kubectl would refuse or misread, with the line. */
export interface YamlFault {
  readonly line: number;
  readonly path: FieldPath;
  readonly message: string;
}

/** Values of one document, aliases expanded; bounds what anchors can multiply. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 64;
/** Each alias is looked up by a walk over its document. */
const MAX_ALIASES = 1000;

/** kubectl lets a merge override the keys before it, which nobody means. */
const OVERRIDES = 'this merge overrides a key written before it; put << first';
const TOO_LARGE = 'the document is too large or too deep, or its anchors expand too far';

/** One walk over a document: converts nodes to data and notes lines and faults on the way. */
export class YamlConversion {
  readonly lines = new Map<string, number>();
  readonly faults: YamlFault[] = [];
  readonly #document: Document.Parsed;
  readonly #lineAt: (offset: number) => number;
  #nodes = 0;
  #aliases = 0;

  constructor(document: Document.Parsed, lineAt: (offset: number) => number) {
    this.#document = document;
    this.#lineAt = lineAt;
  }

  convert(node: unknown, path: FieldPath, depth: number): unknown {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || depth > MAX_DEPTH) return this.#tooLarge(node, path);
    if (isAlias(node)) return this.#alias(node, path, depth);
    if (isMap(node)) return this.#map(node, path, depth);
    if (isSeq(node)) return this.#list(node, path, depth);
    return isScalar(node) ? this.#scalar(node, path) : null;
  }

  #tooLarge(node: unknown, path: FieldPath): null {
    // Said once: what follows would only repeat it.
    if (!this.faults.some(({ message }) => message === TOO_LARGE)) this.#fault(node, path, TOO_LARGE);
    return null;
  }

  #alias(node: Alias, path: FieldPath, depth: number): unknown {
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) return this.#tooLarge(node, path);
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
    const written = new Set<string>();
    for (const pair of node.items) {
      if (isMergeKey(pair.key)) {
        for (const [key, value] of this.#merged(pair.value, path, depth)) {
          if (written.has(key)) this.#fault(pair.value, [...path, key], OVERRIDES);
          entries.set(key, value);
        }
        continue;
      }
      const key = this.#key(pair.key, path);
      if (key === undefined) continue;
      const at = [...path, key];
      if (written.has(key)) this.#fault(pair.key, at, 'this key is there twice; keep one of them');
      written.add(key);
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

  /** Members of `<<: *base` or of a list of mappings, of which the first wins. */
  #merged(node: unknown, path: FieldPath, depth: number): Map<string, unknown> {
    const merged = new Map<string, unknown>();
    for (const source of isSeq(node) ? node.items : [node]) {
      const value = this.convert(source, path, depth + 1);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        this.#fault(node, path, '<< needs a mapping or a list of mappings');
        continue;
      }
      for (const [key, member] of Object.entries(value)) if (!merged.has(key)) merged.set(key, member);
    }
    return merged;
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
