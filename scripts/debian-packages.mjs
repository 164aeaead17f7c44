// Debian's packages, installed where that is possible.

import { findProgram, runStep } from './steps.mjs';

/** Installs packages with apt. @returns undefined when that worked, or the rest of a sentence. */
export async function whyNotInstalled(packages, { quiet }) {
  const aptGet = findProgram('apt-get');
  const names = packages.join(' ');
  if (aptGet === undefined) return `: install your distribution's package ${names} as root.`;
  if (process.getuid() !== 0) return `: install it as root (apt-get install ${names}).`;
  const options = { quiet, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = [aptGet, 'install', '-y', '--no-install-recommends', ...packages];
  try {
    await runStep(`installing ${names}`, install, options);
  } catch {
    // The lists of packages may be absent or old, as in a fresh container.
    try {
      await runStep('refreshing the lists of packages', [aptGet, 'update'], options);
      await runStep(`installing ${names}`, install, options);
    } catch (error) {
      const why = error.output.trim().split('\n').at(-1);
      return ` and apt-get could not install it (${why}): install ${names}.`;
    }
  }
  return undefined;
}
