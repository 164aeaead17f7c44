// Which commands a package offers, and which links in `bin` have to change: pure.

import { basename, posix } from 'node:path';
import { at, isObject, textAt } from '../../sdk/json.js';

/** From the command's name to the file that it runs, relative to the package. */
export type Bins = ReadonlyMap<string, string>;

/** The commands of a package.json. T8: neither names nor files can lead out of their directory. */
export function binsOf(packageJson: unknown): Bins {
  const bin = at(packageJson, 'bin');
  const name = textAt(packageJson, 'name') ?? '';
  const named: [string, unknown][] =
    typeof bin === 'string' ? [[name, bin]] : isObject(bin) ? Object.entries(bin) : [];
  return new Map(
    named.flatMap(([command, file]) => {
      if (typeof file !== 'string') return [];
      const plain = basename(command);
      const inside = posix.normalize(posix.join('/', file)).slice(1);
      return plain === '' || plain === '.' || plain === '..' || inside === ''
        ? []
        : [[plain, inside] as const];
    }),
  );
}

/** What a link in `bin` says for a command, as npm writes it. */
export function linkTarget(packageName: string, file: string): string {
  return `../lib/node_modules/${packageName}/${file}`;
}

/** Whether a link in `bin` leads into this package. */
export function leadsInto(packageName: string, target: string): boolean {
  return posix.normalize(target).startsWith(`../lib/node_modules/${packageName}/`);
}

export type LinkChange =
  | { readonly kind: 'make'; readonly command: string; readonly target: string }
  | { readonly kind: 'remove'; readonly command: string }
  /** The command is there already, and is not this package's. */
  | { readonly kind: 'taken'; readonly command: string };

/**
 * Goes from the links that are there to those that `bins` asks for.
 * @param present every entry of `bin`, with its target when it is a link.
 */
export function linkChanges(
  packageName: string,
  bins: Bins,
  present: ReadonlyMap<string, string | undefined>,
): LinkChange[] {
  const mine = (target: string | undefined): boolean =>
    target !== undefined && leadsInto(packageName, target);
  const made = [...bins].map(([command, file]): LinkChange => {
    const taken = present.has(command) && !mine(present.get(command));
    if (taken) return { kind: 'taken', command };
    return { kind: 'make', command, target: linkTarget(packageName, file) };
  });
  const removed = [...present].flatMap(([command, target]): LinkChange[] =>
    mine(target) && !bins.has(command) ? [{ kind: 'remove', command }] : [],
  );
  return [...made, ...removed];
}
