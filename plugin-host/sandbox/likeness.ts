// What is hashed of a sandbox's configuration for the audit: the same for launches that are confined
// alike, so that a change of it shows, and can be looked for.

import type { OciConfig } from './config.js';

/** Of one launch, and of no other: a secret, and where a trace goes on. */
const ofOneLaunch = ['LULL_TOKEN', 'TRACEPARENT'];
/** Stands where the launch has its own name: in paths of its directories and of its control group. */
const LAUNCH = '<launch>';

/** The configuration without what only the launch of this id has. */
export function likenessOf(config: OciConfig, id: string): OciConfig {
  const { linux, mounts } = config;
  const { env: variables, ...process } = config.process;
  return {
    ...config,
    process: { ...process, env: variables.map(withoutItsOwn) },
    mounts: mounts.map((mount) => ({
      ...mount,
      source: mount.source.replaceAll(`/${id}/`, `/${LAUNCH}/`),
    })),
    linux: { ...linux, cgroupsPath: linux.cgroupsPath.replace(/[^/]+$/, LAUNCH) },
  };
}

function withoutItsOwn(variable: string): string {
  const [name = ''] = variable.split('=', 1);
  return ofOneLaunch.includes(name) ? `${name}=${LAUNCH}` : variable;
}
