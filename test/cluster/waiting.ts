/** Waits until something is truthy; says `why` when it was not within `withinMs`. */
export async function until<T>(
  look: () => Promise<T> | T,
  why: () => string = () => '',
  withinMs = 20_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`it did not happen within ${withinMs / 1000} s\n${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
