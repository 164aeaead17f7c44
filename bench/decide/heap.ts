// A binary heap of instants, as whoever serves many machines keeps it: who is due next?

export interface Due {
  readonly atMs: number;
  readonly index: number;
}

export class DueHeap {
  private readonly items: Due[] = [];

  push(item: Due): void {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent];
      if (above === undefined || above.atMs <= item.atMs) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Due | undefined {
    const { items } = this;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [items[child], items[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && right.atMs < left.atMs) child += 1;
      const smaller = items[child];
      if (smaller === undefined || smaller.atMs >= last.atMs) break;
      items[at] = smaller;
      at = child;
    }
    items[at] = last;
    return first;
  }
}
