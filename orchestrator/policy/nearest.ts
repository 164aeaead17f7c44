// Which of several names somebody may have meant.

const SAID_MAX = 3;
const PART_CHARS_MIN = 3;
/** One slip in so many characters. */
const CHARS_PER_SLIP = 4;

/** Those that have `word` within them; otherwise those that are a slip or two away, nearest first. */
export function nearestOf(word: string, names: readonly string[]): readonly string[] {
  const whole = names.filter((each) => word.length >= PART_CHARS_MIN && each.includes(word));
  if (whole.length > 0) return whole.slice(0, SAID_MAX);
  const slipsMax = Math.floor(word.length / CHARS_PER_SLIP);
  return names
    .filter((each) => Math.abs(each.length - word.length) <= slipsMax)
    .map((each) => ({ each, slips: slipsBetween(word, each) }))
    .filter(({ slips }) => slips <= slipsMax)
    .sort((a, b) => a.slips - b.slips)
    .map(({ each }) => each)
    .slice(0, SAID_MAX);
}

/** Characters that are missing, too many, others, or two that changed places. */
function slipsBetween(a: string, b: string): number {
  let twoBefore: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const other = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(
        (before[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (before[j - 1] ?? 0) + other,
      );
      const areSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (areSwapped) least = Math.min(least, (twoBefore[j - 2] ?? 0) + 1);
      row.push(least);
    }
    [twoBefore, before] = [before, row];
  }
  return before[b.length] ?? 0;
}
