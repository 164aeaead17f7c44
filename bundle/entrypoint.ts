// Whether the program that an entrypoint names can be there: a vendor hears of it when the bundle is
// packed, and not from the first machine that launches it.

import type { Manifest } from './manifest.js';

export function entrypointProblems({ entrypoint, bundle }: Manifest): string[] {
  const [program = ''] = entrypoint;
  if (program.startsWith('/')) return [];
  const path = program.replace(/^\.\//, '');
  const file = bundle.files.find((each) => each.path === path);
  if (program === path && !program.includes('/')) {
    return file === undefined
      ? []
      : [`entrypoint: ${program} is looked for in PATH; the file of the bundle is ./${program}`];
  }
  if (file === undefined) return [`entrypoint: ${program} is no file of the bundle`];
  return file.executable
    ? []
    : [`entrypoint: ${program} is not executable: chmod +x it before it is packed`];
}
