import { GROUP, type KindDefinition, VERSION } from './kind.ts';
import { type Structural, structural } from './structural.ts';

/** The CustomResourceDefinition of a kind, as an object to be written with sorted keys. */
export function customResourceDefinition(definition: KindDefinition): object {
  const { kind, plural, shortName } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${GROUP}`,
      // Argo CD ignores helm.sh/resource-policy; pruning a CRD would delete every object of its kind.
      annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false' },
    },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['budgetd'],
      },
      versions: [version(definition)],
    },
  };
}

function version(definition: KindDefinition): object {
  return {
    name: VERSION,
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: definition.columns.map(({ name, path, type, description, priority }) => ({
      name,
      type,
      description,
      jsonPath: path,
      ...(priority === undefined ? {} : { priority }),
    })),
    ...(definition.selectableFields.length === 0
      ? {}
      : { selectableFields: definition.selectableFields.map((jsonPath) => ({ jsonPath })) }),
    schema: { openAPIV3Schema: rootSchema(definition) },
  };
}

/** Names become parts of ledger keys, labels and derived names: 63 characters. Only metadata.name is visible to a rule here. */
const NAME_LENGTH = {
  rule: 'size(self.metadata.name) <= 63',
  message: 'metadata.name must have at most 63 characters',
};

/** The schema of a whole object. */
export function rootSchema(definition: KindDefinition): object {
  const spec = structural(definition.spec, `${definition.kind}.spec`);
  const status: Structural = {
    ...structural(definition.status, `${definition.kind}.status`),
    // A brand-new object must not look as if its status were current.
    default: { observedGeneration: -1 },
  };
  return {
    type: 'object',
    description: definition.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of this representation of the object.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: { type: 'object' },
      spec,
      status,
    },
    'x-kubernetes-validations': [NAME_LENGTH],
  };
}
