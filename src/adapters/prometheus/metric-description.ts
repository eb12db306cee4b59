import type { Registry } from 'prom-client';

export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** Every metric of a registry: what the documentation is compared with. */
export async function describeRegistry(registry: Registry): Promise<MetricDescription[]> {
  return (await registry.getMetricsAsJSON()).map(({ name, type }) => {
    const { labelNames } = registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] };
    return { name, type: String(type), labels: labelNames.filter((label) => label !== 'le') };
  });
}
