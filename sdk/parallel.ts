// A few things at a time.

/**
 * Runs `work` on every item, at most `countMax` at once, and answers in the items' order. After a
 * failure nothing new is begun, and what was begun is waited for.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  countMax: number,
  work: (item: Item, position: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const position = next;
      next += 1;
      try {
        results.set(position, await work(items[position] as Item, position));
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(countMax, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
  return items.map((_item, position) => results.get(position) as Result);
}
