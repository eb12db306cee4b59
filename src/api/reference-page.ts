import type { z } from 'zod';
import { configSchema } from './config.ts';
import { API_VERSION, type KindDefinition } from './kind.ts';
import { type Structural, structural } from './structural.ts';

/** The reference page of a kind, Markdown. */
export function kindPage(definition: KindDefinition): string {
  const { kind, plural, shortName, description } = definition;
  return (
    [
      GENERATED,
      `# ${kind}`,
      description,
      `\`apiVersion: ${API_VERSION}\`, \`kubectl get ${plural}\` (short: \`${shortName}\`), namespaced.`,
      ...section('spec', definition.spec),
      ...section('status', definition.status),
    ].join('\n\n') + '\n'
  );
}

/** The reference page of budgetd.yaml. */
export function configPage(): string {
  return [GENERATED, '# budgetd.yaml', ...section('', configSchema)].join('\n\n') + '\n';
}

const GENERATED = '<!-- Generated from src/api by `make crds`. Do not edit. -->';

function section(name: string, schema: z.ZodType): string[] {
  const root = structural(schema, name === '' ? 'config' : name);
  const fields = walk(root, name);
  const rows = fields
    .filter(({ node, path }) => node !== root && !/(\[\]|<key>)$/.test(path))
    .map(({ path, node, required }) => row(path, node, required));
  const rules = fields.flatMap(({ path, node }) =>
    (node['x-kubernetes-validations'] ?? []).map(
      ({ message }) => `- \`${path === '' ? 'the file' : path}\`: ${message}`,
    ),
  );
  return [
    ...(name === '' ? [] : [`## ${name}`]),
    root.description,
    ['| field | form | meaning |', '|---|---|---|', ...rows].join('\n'),
    ...(rules.length === 0 ? [] : ['Rules:', [...new Set(rules)].join('\n')]),
  ];
}

interface Field {
  readonly path: string;
  readonly node: Structural;
  readonly required: boolean;
}

/** Every node in declared order, the items of a list as `path[]` and the values of a map as `path.<key>`. */
function walk(node: Structural, path: string, required = false): Field[] {
  const members = Object.entries(node.properties ?? {}).flatMap(([name, member]) =>
    walk(member, path === '' ? name : `${path}.${name}`, node.required?.includes(name) ?? false),
  );
  const items = node.items === undefined ? [] : walk(node.items, `${path}[]`);
  const values = node.additionalProperties === undefined ? [] : walk(node.additionalProperties, `${path}.<key>`);
  return [{ path, node, required }, ...members, ...items, ...values];
}

function row(path: string, node: Structural, required: boolean): string {
  const form = `${formOf(node)}${required ? ', **required**' : ''}`;
  return `| \`${path}\` | ${form} | ${node.description.replaceAll('|', '\\|')} |`;
}

function formOf(node: Structural): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.type === 'string') return `text, at most ${node.maxLength ?? 0}`;
  if (node.type === 'integer') return `integer, ${node.minimum ?? 0} to ${node.maximum ?? 0}`;
  if (node.type === 'boolean') return '`true`, `false`';
  if (node.additionalProperties !== undefined)
    return `map of ${formOf(node.additionalProperties)}; at most ${node.maxProperties ?? 0} entries`;
  if (node.items === undefined) return 'mapping';
  const kept = node['x-kubernetes-list-map-keys'];
  const key = kept === undefined ? '' : `, by \`${kept.join()}\``;
  return `list of ${node.items.type === 'object' ? 'mappings' : formOf(node.items)}${key}; at most ${node.maxItems ?? 0} items`;
}
