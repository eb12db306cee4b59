import { literalLength, modelMatches } from '../core/model-glob.ts';
import type { Provider } from '../core/record.ts';

/**
 * The provider of a call: the one a `/providers/{name}` route names, whatever its `models`; else the one whose matching
 * glob has the longest literal part, then file order, then the default.
 */
export function chooseProvider(providers: readonly Provider[], name: string | null, model: string): Provider | null {
  if (name !== null) return providers.find((provider) => provider.name === name) ?? null;
  let chosen: Provider | null = null;
  let longest = -1;
  for (const provider of providers) {
    for (const pattern of provider.models) {
      if (literalLength(pattern) > longest && modelMatches(pattern, provider.name, model)) {
        chosen = provider;
        longest = literalLength(pattern);
      }
    }
  }
  return chosen ?? providers.find((provider) => provider.default) ?? null;
}
