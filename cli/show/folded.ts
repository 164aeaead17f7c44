/** In a narrower column nobody reads a sentence. */
export const WIDTH_MIN = 40;

/** `text` cut between words into lines of `columns`, or of 40; a word that is longer than that stays whole. */
export function folded(text: string, columns: number): string[] {
  const width = Math.max(WIDTH_MIN, columns);
  const parts: string[] = [];
  for (const word of text.split(' ')) {
    const last = parts.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) parts.push(word);
    else parts[parts.length - 1] = `${last} ${word}`;
  }
  return parts;
}

/** Every line of `text`, so much further in. */
export function indented(text: string, by = 2): string {
  return text
    .split('\n')
    .map((line) => `${' '.repeat(by)}${line}`.trimEnd())
    .join('\n');
}
