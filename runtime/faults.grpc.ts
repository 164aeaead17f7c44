// What a server itself is to blame for: in its log, under a name that whoever called is told as well.
//
// Invariants:
//   F1. No call is answered with INTERNAL or UNKNOWN of which the log of the process that answered says
//       nothing; also one whose handler threw.
//   F2. Each has one name, also where the answer of another server is passed on: that one has logged it.

import { randomBytes } from 'node:crypto';
import {
  Metadata,
  ServerInterceptingCall,
  status as statusCode,
  type ServerInterceptor,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Log } from './log.js';
import { traceIdNow } from './telemetry.grpc.js';

/** The metadata key under which the name of a fault travels. */
const FAULT_KEY = 'lull-fault';
const faults: readonly number[] = [statusCode.INTERNAL, statusCode.UNKNOWN];

/** Of an error on its way to its caller: grpc-js keeps no more of it than the metadata. */
const causes = new WeakMap<Metadata, unknown>();

/** What `metadata` is answered for: in the log if that is a fault, and never sent. */
export function keepCause(metadata: Metadata, cause: unknown): void {
  causes.set(metadata, cause);
}

/** The name under which the log has a failure; undefined: it is nobody's fault. */
export function faultOf(metadata: Metadata): string | undefined {
  const [name] = metadata.get(FAULT_KEY);
  return typeof name === 'string' ? name : undefined;
}

/** Says of a failure that is passed on under which name a log has it (F2). */
export function setFault(metadata: Metadata, name: string): void {
  metadata.set(FAULT_KEY, name);
}

/** As handlers and grpc-js say what a call ends with. */
interface Answer {
  readonly code?: statusCode | null | undefined;
  readonly details?: string | null | undefined;
  readonly metadata?: Metadata | null | undefined;
}

/** F1. What to answer with: a fault has got its name, and is in the log. */
export function noted(answer: Answer, method: string, log: Log): StatusObject {
  const code = answer.code ?? statusCode.UNKNOWN;
  const words = answer.details ?? '';
  const metadata = answer.metadata ?? new Metadata();
  if (!faults.includes(code) || faultOf(metadata) !== undefined) {
    return { code, details: words, metadata };
  }
  const fault = randomBytes(4).toString('hex');
  const trace = traceIdNow();
  const err = causes.get(metadata) ?? words;
  log.error({ err, fault, method, ...(trace === undefined ? {} : { trace }) }, 'a call failed');
  setFault(metadata, fault);
  const details = `${words} (fault ${fault}: whoever answered has more of it in the log)`;
  return { code, details, metadata };
}

/** F1, for every call of a server. */
export function serverFaults(log: Log): ServerInterceptor {
  return (method, call) =>
    new ServerInterceptingCall(call, {
      sendStatus: (status, next) => {
        next(noted(status, method.path, log));
      },
    });
}
