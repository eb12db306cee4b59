/** Something wrong in what a person wrote, placed where he wrote it. */
export interface Problem {
  /** A warning changes nothing; an error keeps the object (or the configuration) from being used. */
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** 1 is the first line; 0: the file as a whole. */
  readonly line: number;
  /** Path within the object, such as `spec.budgets[0].limit`; empty: the object as a whole. */
  readonly field: string;
  /** What was found, what is allowed, what to do. */
  readonly message: string;
}

/** A problem whose place in a file is not known yet: of an object from anywhere. */
export interface Finding {
  readonly severity: Problem['severity'];
  readonly path: FieldPath;
  readonly message: string;
}

/** Members and indexes from the root of an object or document to a field. */
export type FieldPath = readonly (string | number)[];

/** Something that was written down: where each of its fields stands. */
export interface Written {
  readonly file: string;
  /** Line of a field, or of the nearest parent that is written. */
  lineOf(path: FieldPath): number;
}

/** A finding at its place. */
export function problemAt(source: Written, { severity, path, message }: Finding): Problem {
  return { severity, file: source.file, line: source.lineOf(path), field: fieldText(path), message };
}

/** A path as people write it: `spec.budgets[0].limit`, `metadata.labels["a.b/c"]`. */
export function fieldText(path: FieldPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}

/** A problem as one line: `file:line: field: message`. */
export function problemLine(problem: Problem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}`;
  const label = problem.severity === 'warning' ? 'warning: ' : '';
  return [place, problem.field, label + problem.message].filter((part) => part !== '').join(': ');
}
