// What a tool is given: its own path in the sandbox, and its environment. Pure.
//
// Invariant: N1. The environment is whole: nothing of the updater's own comes in, no token and no socket.

import { join } from 'node:path';

export interface Surroundings {
  readonly searchPath: string;
  /** Where the root is shown. */
  readonly rootDir: string;
  /** The tool's own: it survives. */
  readonly workDir: string;
  readonly runId: string;
  readonly settings: ReadonlyMap<string, string>;
  /** Undefined where no egress was granted. */
  readonly proxyUrl: string | undefined;
}

/** Of one action. */
export interface Attempt {
  readonly attempt: number;
  readonly checkpointDir: string;
  readonly fromVersion: string | undefined;
}

/** A tool within the root lies where the root is shown; every other one has its own path. */
export function pathInSandbox(tool: string, root: string, rootDir: string): string {
  return tool.startsWith(`${root}/`) ? join(rootDir, tool.slice(root.length)) : tool;
}

/** N1. */
export function environmentOf(given: Surroundings, attempt?: Attempt): Record<string, string> {
  const { proxyUrl } = given;
  const settings = [...given.settings].map(([name, value]): [string, string] => [
    `LULL_SETTING_${name.toUpperCase()}`,
    value,
  ]);
  // Programs disagree about which of them they read.
  const proxies = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];
  return {
    ...Object.fromEntries(settings),
    PATH: given.searchPath,
    LANG: 'C.UTF-8',
    HOME: given.workDir,
    LULL_ROOT: given.rootDir,
    LULL_WORK: given.workDir,
    LULL_RUN: given.runId,
    ...(proxyUrl !== undefined && Object.fromEntries(proxies.map((name) => [name, proxyUrl]))),
    ...(attempt !== undefined && {
      LULL_ATTEMPT: String(attempt.attempt),
      LULL_CHECKPOINT: attempt.checkpointDir,
      LULL_FROM_VERSION: attempt.fromVersion ?? '',
    }),
  };
}
