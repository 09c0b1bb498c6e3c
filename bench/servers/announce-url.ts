/** Tells the benchmark where this server listens. It also ends with the benchmark, however that ends. */
export function announceUrl(url: string): void {
  process.send?.(url);
  process.once('disconnect', () => process.exit());
}
