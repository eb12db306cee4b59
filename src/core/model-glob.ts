/**
 * Model names are matched by globs with `*` only, over the whole string, ASCII case-insensitive: against the requested
 * `model` as it stands and, where the pattern has a `/`, against `<provider>/<model>`. Without that condition `llama*`
 * would match every model of a provider named `llama`.
 */
export function modelMatches(pattern: string, provider: string, model: string): boolean {
  return globMatches(pattern, model) || (pattern.includes('/') && globMatches(pattern, `${provider}/${model}`));
}

/** True when `patterns` is empty (no restriction) or one of them matches. */
export function modelIsListed(patterns: readonly string[], provider: string, model: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => modelMatches(pattern, provider, model));
}

/** The number of characters of a pattern that are not `*`: the longest literal wins where several patterns match. */
export function literalLength(pattern: string): number {
  return pattern.replaceAll('*', '').length;
}

/** Whole-string glob match in linear space and without backtracking over more than one star at a time. */
export function globMatches(pattern: string, text: string): boolean {
  const glob = asciiLower(pattern);
  const value = asciiLower(text);
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  while (position < value.length) {
    if (at < glob.length && glob[at] === '*') {
      star = at;
      resume = position;
      at += 1;
    } else if (at < glob.length && glob[at] === value[position]) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      resume += 1;
      position = resume;
      at = star + 1;
    } else {
      return false;
    }
  }
  while (at < glob.length && glob[at] === '*') at += 1;
  return at === glob.length;
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
