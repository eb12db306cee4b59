import { readText } from './folder.ts';

/** Where a secret is: a variable of the environment or a file. */
export interface SecretPlace {
  readonly env?: string;
  readonly file?: string;
}

export type SecretReading =
  | { readonly kind: 'ok'; readonly secret: string }
  /** `reason` names the variable or file, never its content. */
  | { readonly kind: 'missing'; readonly reason: string };

/**
 * Resolves a secret at the moment of its use, so that a rotated file is seen. White space around it is dropped: editors
 * and `kubectl create secret --from-file` leave a line break.
 */
export function resolveSecret(
  place: SecretPlace,
  environment: Readonly<Record<string, string | undefined>>,
): SecretReading {
  if (place.env !== undefined) {
    const value = environment[place.env]?.trim() ?? '';
    return value === '' ? missing(`the variable ${place.env} is not set`) : { kind: 'ok', secret: value };
  }
  const path = place.file ?? '';
  const value = readText(path)?.trim();
  if (value === undefined) return missing(`the file ${path} cannot be read`);
  return value === '' ? missing(`the file ${path} is empty`) : { kind: 'ok', secret: value };
}

function missing(reason: string): SecretReading {
  return { kind: 'missing', reason };
}
