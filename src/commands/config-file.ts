import { fileProblem, readText } from '../adapters/files/folder.ts';
import { readYaml } from '../adapters/files/yaml-document.ts';
import { type Config, readConfig } from '../api/config.ts';
import { fieldText, type Problem, problemAt, type Written } from '../core/problem.ts';

export type ConfigReading =
  | { readonly kind: 'ok'; readonly config: Config; readonly source: Written }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Reads budgetd.yaml. Secrets stay where they are: `resolveSecret` reads them at their use. */
export function loadConfig(file: string): ConfigReading {
  const text = readText(file);
  if (text === undefined) return invalid([fileProblem(file, 'is not a UTF-8 text file that can be read')]);
  const { documents, faults } = readYaml(text);
  if (faults.length > 0) {
    return invalid(
      faults.map(({ line, path, message }) => ({ severity: 'error', file, line, field: fieldText(path), message })),
    );
  }
  const [document, ...others] = documents.filter(({ value }) => value !== null);
  if (others.length > 0) return invalid([fileProblem(file, 'must be one YAML document')]);
  const source: Written = { file, lineOf: (path) => document?.lineOf(path) ?? 0 };
  const reading = readConfig(document?.value ?? {});
  if (reading.kind === 'ok') return { kind: 'ok', config: reading.value, source };
  return invalid(reading.findings.map((finding) => problemAt(source, finding)));
}

function invalid(problems: readonly Problem[]): ConfigReading {
  return { kind: 'invalid', problems };
}
