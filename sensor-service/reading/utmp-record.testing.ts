// A record as glibc writes it to /run/utmp on this machine. Nothing outside tests imports it.

interface RecordFields {
  readonly type: number;
  readonly pid?: number;
  readonly line?: string;
  readonly host?: string;
  readonly atMs: number;
}

/** The types that matter. */
export const utmpType = { boot: 2, login: 6, session: 7, ended: 8 } as const;

export function utmpRecord(
  { type, pid = 1, line = '', host = '', atMs }: RecordFields,
  arch = 'x64',
): Buffer {
  const wide = arch === 'arm64' || arch === 'loong64';
  const record = Buffer.alloc(wide ? 400 : 384);
  record.writeInt16LE(type, 0);
  record.writeInt32LE(pid, 4);
  record.write(line, 8, 32);
  record.write('alice', 44, 32);
  record.write(host, 76, 256);
  if (wide) record.writeBigInt64LE(BigInt(Math.floor(atMs / 1_000)), 344);
  else record.writeInt32LE(Math.floor(atMs / 1_000), 340);
  // The microseconds follow the seconds.
  record.writeInt32LE(123_456, wide ? 352 : 344);
  return record;
}
