/** A JSON object as `JSON.parse` gives it. */
export type JsonFields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Null: the text is no JSON object. */
export function parseFields(text: string): JsonFields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

/** A model's name as an answer states it, cut to the 256 characters that a request may have; null: not stated. */
export function modelNameIn(answer: JsonFields): string | null {
  const { model } = answer;
  return typeof model === 'string' && model !== '' ? model.slice(0, 256) : null;
}
