/** Works through the items in order, `limit` at a time, and resolves to the seconds that it took. */
export async function runConcurrently<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<number> {
  const left = items.values();
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of left) await work(item);
    }),
  );
  return (performance.now() - startedMs) / 1000;
}
