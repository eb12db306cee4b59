import { readFolder, type SourceFile } from '../adapters/files/folder.ts';
import { readYaml, type YamlDocument } from '../adapters/files/yaml-document.ts';
import type { ManifestObject, ManifestSource } from '../api/manifest.ts';
import { interpret, objectsOf, type RawObject } from '../api/manifest-reading.ts';
import { fieldText, type Finding, type Problem, problemAt } from '../core/problem.ts';

export interface Manifests {
  /** In the order of files and documents. Objects with an error are left out. */
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly Problem[];
}

/** Reads a folder of manifests as `kubectl apply -R -f` would, with every check that needs no cluster. */
export function loadManifests(folder: string): Manifests {
  const { files, problems } = readFolder(folder);
  return mergeManifests([{ objects: [], problems }, ...files.map(readManifestFile)]);
}

/** Several sets as one. An object that is there twice is an error at its second place, and the first one stays. */
function mergeManifests(parts: readonly Manifests[]): Manifests {
  const first = new Map<string, ManifestObject>();
  const problems = parts.flatMap((part) => part.problems);
  for (const object of parts.flatMap((part) => part.objects)) {
    const key = objectKey(object);
    const earlier = first.get(key)?.source;
    if (earlier === undefined) first.set(key, object);
    else problems.push(problemAt(object.source, repeated(key, earlier)));
  }
  return { objects: [...first.values()], problems };
}

function repeated(key: string, earlier: ManifestSource): Finding {
  return {
    severity: 'error',
    path: ['metadata', 'name'],
    message: `${key} is already in ${earlier.file}:${earlier.line}`,
  };
}

/** `Kind namespace/name`, unique among the objects of a cluster. */
export function objectKey(object: Pick<ManifestObject, 'kind' | 'namespace' | 'name'>): string {
  return `${object.kind} ${object.namespace === '' ? '' : `${object.namespace}/`}${object.name}`;
}

function readManifestFile(file: SourceFile): Manifests {
  const { documents, faults } = readYaml(file.text);
  const parts = documents.flatMap((document) =>
    objectsOf(document.value).map((raw) => readObject(raw, sourceOf(file.path, document, raw))),
  );
  const problems: Problem[] = faults.map(({ line, path, message }) => {
    return { severity: 'error', file: file.path, line, field: fieldText(path), message };
  });
  return {
    objects: parts.flatMap((part) => part.objects),
    problems: [...problems, ...parts.flatMap((part) => part.problems)],
  };
}

function readObject(raw: RawObject, source: ManifestSource): Manifests {
  const { object, findings } = interpret(raw.data);
  return {
    objects: object === undefined ? [] : [{ ...object, source }],
    problems: findings.map((finding) => problemAt(source, finding)),
  };
}

/** Paths are those of the object, also where it stands in a list. */
function sourceOf(file: string, document: YamlDocument, raw: RawObject): ManifestSource {
  const lineOf: ManifestSource['lineOf'] = (path) => document.lineOf([...raw.path, ...path]);
  return { file, line: lineOf([]), lineOf };
}
