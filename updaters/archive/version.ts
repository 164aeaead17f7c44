// Versions, and which is newer: pure.
//
// The rule. What counts are the numbers with dots between them, compared one by one, where one that is
// missing is 0: of a semantic version these are its major, minor and patch version. What follows a "+"
// does not count. Whatever else follows the numbers makes it a prerelease, which comes before the version
// of these numbers and is never offered. What does not begin with a number is no version.

const VERSION_CHARACTERS_MAX = 64;
const pattern =
  /^v?(\d{1,15}(?:\.\d{1,15}){0,7})(?:\+[0-9A-Za-z.+-]+)?((?![\d.])[0-9A-Za-z.+~_-]*)$/;

export interface Version {
  readonly numbers: readonly number[];
  readonly isPrerelease: boolean;
}

/** Undefined for what is no version. */
export function readVersion(text: string): Version | undefined {
  if (text.length > VERSION_CHARACTERS_MAX) return undefined;
  const [, numbers, rest] = pattern.exec(text) ?? [];
  if (numbers === undefined) return undefined;
  return { numbers: numbers.split('.').map(Number), isPrerelease: rest !== '' };
}

/** Negative where `one` comes before `other`, 0 where neither does. */
export function compareVersions(one: Version, other: Version): number {
  const count = Math.max(one.numbers.length, other.numbers.length);
  for (let at = 0; at < count; at += 1) {
    const difference = (one.numbers[at] ?? 0) - (other.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(other.isPrerelease) - Number(one.isPrerelease);
}

/** Whether a version is of the line "22" or "1.22"; each is of the line "". */
export function isOfLine(version: Version, line: string): boolean {
  const wanted = line === '' ? [] : line.split('.').map(Number);
  return wanted.every((number, at) => (version.numbers[at] ?? 0) === number);
}
