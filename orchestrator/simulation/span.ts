// Spans of time: half-open, in milliseconds since the epoch, sorted and apart from each other.

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What lies in both. Both are sorted, and so is the answer. */
export function intersection(a: readonly Span[], b: readonly Span[]): Span[] {
  const both: Span[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const [left, right] = [a[i], b[j]];
    if (left === undefined || right === undefined) return both;
    const fromMs = Math.max(left.fromMs, right.fromMs);
    const toMs = Math.min(left.toMs, right.toMs);
    if (fromMs < toMs) both.push({ fromMs, toMs });
    if (left.toMs < right.toMs) i += 1;
    else j += 1;
  }
}

/** The part of `spans` between two instants. */
export function within(spans: readonly Span[], fromMs: number, toMs: number): Span[] {
  return intersection(spans, [{ fromMs, toMs }]);
}

/** `spans` in order with touching and overlapping ones made one, and empty ones left out. */
export function merged(spans: readonly Span[]): Span[] {
  const whole: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = whole.at(-1);
    if (toMs <= fromMs) continue;
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else whole.push({ fromMs, toMs });
  }
  return whole;
}

export function lengthMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
