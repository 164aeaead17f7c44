/** Parses /proc/uptime. @returns CLOCK_BOOTTIME in ms, which runs on while the machine sleeps. */
export function parseUptimeMs(text: string): number | undefined {
  const seconds = /^(\d+\.\d\d) \d+\.\d\d\n$/.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** Parses /proc/stat. @returns when the machine started, ms since the epoch. */
export function parseBootAtMs(text: string): number | undefined {
  const seconds = /^btime (\d{1,12})\n/m.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}
