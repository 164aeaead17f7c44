import { pino, type Logger } from 'pino';

export type Log = Logger;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A logger that writes JSON lines to stderr; stdout belongs to what a command answers. */
export function createLog(service: string, level: LogLevel): Log {
  return pino(
    { base: { service }, level, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}
