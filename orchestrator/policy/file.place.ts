// Where in a policy file something is, as people say it: its line, and a list's entries from the first on.

import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter } from 'yaml';

export type Path = readonly PropertyKey[];

export interface Places {
  /** "line 12: " of what stands there, or else of the last thing on the way to it; empty: nothing does. */
  readonly lineOf: (path: Path) => string;
  /** The same of a place in the text. */
  readonly lineAt: (offset: number) => string;
  /** Whether the file says it. */
  readonly isThere: (path: Path) => boolean;
}

export function placesIn(document: Document, lines: LineCounter): Places {
  const lineAt = (offset: number): string => `line ${String(lines.linePos(offset).line)}: `;
  return {
    lineAt,
    lineOf: (path) => {
      const { offset } = walk(document, path);
      return offset === undefined ? '' : lineAt(offset);
    },
    isThere: (path) => walk(document, path).stepCount === path.length,
  };
}

/** How far the file goes along `path`, and where the last of it begins: a key, or an entry of a list. */
function walk(
  document: Document,
  path: Path,
): { readonly stepCount: number; readonly offset: number | undefined } {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const [stepCount, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    let begins: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      begins = pair?.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      begins = node;
    }
    const range = (begins as { range?: readonly number[] | null } | undefined)?.range;
    if (range === undefined || range === null) return { stepCount, offset };
    [offset] = range;
  }
  return { stepCount: path.length, offset };
}

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'] as const;

/** "publishers, the second, keys, the first"; "waiting.away". */
export function pathInWords(path: Path): string {
  return path.reduce<string>((words, step, at) => {
    if (typeof step === 'number') {
      return `${words}, the ${ordinals[step] ?? `${String(step + 1)}th`}`;
    }
    if (at === 0) return String(step);
    return typeof path[at - 1] === 'number'
      ? `${words}, ${String(step)}`
      : `${words}.${String(step)}`;
  }, '');
}
