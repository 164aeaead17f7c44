// Who an updater is that is packed more than once, under an id of its own each time. Its manifest says so,
// in the entry point, so that nothing but that is another.

import type { Description } from './updater.js';

/**
 * @param args what the entry point has after the program.
 * @throws Error that says what it lacks.
 */
export function identityFrom([name, version]: readonly string[]): Pick<
  Description,
  'name' | 'version'
> {
  if (name === undefined || version === undefined) {
    throw new Error(
      'the manifest\'s entrypoint has to end with its id and its version, as in ["node", "main.mjs", ' +
        '"com.example.words", "1.0.0"]',
    );
  }
  return { name, version };
}
