// Following a running Lull: its journal as it is written, and progress.

import { join } from 'node:path';
import { Metadata, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import {
  OperatorServiceClient,
  type WatchResponse,
} from '../proto/gen/lull/operator/v1/operator.js';
import {
  ReportPresenceRequest_Report as Report,
  SensorServiceClient,
} from '../proto/gen/lull/sensor/v1/sensor.js';
import { dialUnix, unary } from '../runtime/grpc.js';

/** A fact as the journal has it: its kind, its run, and whatever members that kind has. */
export interface Fact {
  readonly kind: string;
  readonly runId?: string;
  readonly [member: string]: unknown;
}

export type Happening =
  | { readonly kind: 'fact'; readonly fact: Fact }
  | {
      readonly kind: 'progress';
      readonly runId: string;
      readonly fraction: number;
      readonly step: string;
    };

const CALL_MS_MAX = 5_000;
/** A machine that has just been started is not known to its fleet yet. */
const WATCH_AGAIN_MS = 100;

export interface Follower {
  /** Reports presence, as a sensor would. */
  report(presence: 'engaged' | 'away'): Promise<void>;
  /**
   * Resolves with the first fact from now on, or from before and not yet awaited, that matches.
   * A `match` that throws rejects.
   */
  fact(what: string, match: (fact: Fact) => boolean, deadlineMs: number): Promise<Fact>;
  /** Every fact so far. */
  readonly facts: readonly Fact[];
  close(): void;
}

/** For a call about one machine of a fleet; absent: about the one that this Lull is for. */
export function callAbout(host: string | undefined): Metadata {
  const metadata = new Metadata();
  if (host !== undefined) metadata.set('lull-host', host);
  return metadata;
}

/** @param host the machine of a fleet that is followed; absent: the one that this Lull is for. */
export function followLull(
  runDir: string,
  onHappening: (happening: Happening) => void,
  host?: string,
): Follower {
  const operator = dialUnix(OperatorServiceClient, join(runDir, 'operator.sock'));
  const sensor = dialUnix(SensorServiceClient, join(runDir, 'sensor.sock'));
  const facts: Fact[] = [];
  const waiting = new Set<() => void>();
  let stream: ClientReadableStream<WatchResponse>;
  let again: NodeJS.Timeout | undefined;
  let ended = '';
  function watch(): void {
    ended = '';
    stream = operator.watch({ fromSequence: 1n }, callAbout(host));
    stream.on('data', hear);
    // The end of Lull ends the stream; whoever waits has a deadline, and is told.
    stream.on('error', (error: ServiceError) => {
      ended = `, and what was followed ended: ${error.message}`;
      if (error.code === status.NOT_FOUND) again = setTimeout(watch, WATCH_AGAIN_MS);
    });
  }
  function hear({ kind }: WatchResponse): void {
    if (kind?.$case === 'entry') {
      const fact = JSON.parse(kind.value.bodyJson) as Fact;
      facts.push(fact);
      onHappening({ kind: 'fact', fact });
      for (const look of waiting) look();
    } else if (kind?.$case === 'progress') {
      const { runId, fraction, step } = kind.value;
      onHappening({ kind: 'progress', runId, fraction: fraction ?? 0, step });
    }
  }
  watch();
  let seen = 0;
  return {
    facts,
    report: async (presence) => {
      const report = presence === 'engaged' ? Report.ENGAGED : Report.AWAY;
      const request = { report, ttlMs: 0n };
      await unary(sensor.reportPresence.bind(sensor), request, { deadlineMs: CALL_MS_MAX });
    },
    fact: (what, match, deadlineMs) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(look);
          const waited = `waited ${String(deadlineMs / 1_000)} s`;
          reject(new Error(`${waited} in vain: ${what}${ended}`));
        }, deadlineMs);
        const firstMatch = (): number => {
          try {
            return facts.findIndex((fact, index) => index >= seen && match(fact));
          } catch (error) {
            // Not out of the stream's event, where it would end the process.
            clearTimeout(late);
            waiting.delete(look);
            reject(error instanceof Error ? error : new Error(String(error)));
            return -1;
          }
        };
        const look = (): void => {
          const at = firstMatch();
          const found = facts[at];
          if (found === undefined) return;
          seen = at + 1;
          clearTimeout(late);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    close: () => {
      clearTimeout(again);
      stream.cancel();
      operator.close();
      sensor.close();
    },
  };
}
