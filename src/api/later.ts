import type { z } from 'zod';

/**
 * Marks what a schema will accept in a later version and refuses today: members of an object or values of a choice, each
 * with the feature it belongs to. A field that is accepted and ignored would be worse than none.
 */
export function later<S extends z.ZodType>(schema: S, features: Readonly<Record<string, string>>): S {
  return schema.meta({ ...schema.meta(), [LATER]: features });
}

const LATER = 'later';

/** The refusal of something that a later version brings; undefined when `name` is no such thing. */
export function laterText(schema: unknown, name: unknown): string | undefined {
  if (typeof name !== 'string' && typeof name !== 'boolean') return undefined;
  const features = (schema as z.ZodType | undefined)?.meta()?.[LATER] as Record<string, string> | undefined;
  const feature = new Map(Object.entries(features ?? {})).get(String(name));
  return feature === undefined ? undefined : notYetText(feature);
}

/** One sentence for every such refusal. */
export function notYetText(feature: string): string {
  return `NotYetSupported: ${feature} will come with a later version of budgetd; remove this`;
}
