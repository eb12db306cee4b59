/** RFC 3339 with six digits: the API server refuses metav1.MicroTime in any other form. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}
