// What an updater answers, as a value: whatever it does, a call ends in one of these.

import { status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import type { Outcome, PerformResponse } from '../../proto/gen/lull/updater/v1/updater.js';
import { actionFromWire } from '../../proto/wire/action.js';
import { readStatusDetails, STATUS_DETAILS_KEY } from '../../proto/wire/status-details.js';

export type Answer =
  | { readonly kind: 'outcome'; readonly outcome: NonNullable<Outcome['kind']> }
  | {
      readonly kind: 'status';
      readonly code: status;
      readonly reason: string | undefined;
      readonly details: string;
    }
  /** The call ended well, without an outcome. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'late'; readonly afterMs: number };

export interface Performed {
  readonly answer: Answer;
  readonly messages: readonly PerformResponse[];
  /** From the outcome to the end of the call. */
  readonly lingeredMs: number;
  readonly tookMs: number;
}

/** What a stream brought, and how it ended. */
export interface Drained<T> {
  readonly messages: readonly T[];
  readonly failure: Extract<Answer, { kind: 'status' | 'late' }> | undefined;
  readonly lastAtMs: number;
  readonly endedAtMs: number;
}

/** Reads a stream to its end, for no longer than `msMax`. Never rejects. */
export function drain<T>(stream: ClientReadableStream<T>, msMax: number): Promise<Drained<T>> {
  const messages: T[] = [];
  let lastAtMs = performance.now();
  return new Promise((resolve) => {
    const end = (failure: Drained<T>['failure']): void => {
      clearTimeout(timer);
      resolve({ messages, failure, lastAtMs, endedAtMs: performance.now() });
    };
    const timer = setTimeout(() => {
      end({ kind: 'late', afterMs: msMax });
      stream.cancel();
    }, msMax);
    stream.on('data', (message: T) => {
      lastAtMs = performance.now();
      messages.push(message);
    });
    stream.on('error', (error: ServiceError) => {
      end(statusOf(error));
    });
    stream.on('end', () => {
      end(undefined);
    });
  });
}

export function statusOf(error: ServiceError): Extract<Answer, { kind: 'status' }> {
  const bytes = error.metadata.get(STATUS_DETAILS_KEY)[0];
  const given = bytes instanceof Uint8Array ? readStatusDetails(bytes).reason : undefined;
  const reason = given ?? error.metadata.get('lull-reason')[0]?.toString();
  return { kind: 'status', code: error.code, reason, details: error.details };
}

export function performedOf(drained: Drained<PerformResponse>, beganAtMs: number): Performed {
  const { messages, failure, lastAtMs, endedAtMs } = drained;
  const said = messages.flatMap(({ kind }) =>
    kind?.$case === 'outcome' && kind.value.kind !== undefined ? [kind.value.kind] : [],
  );
  const [outcome] = said;
  const answer: Answer =
    failure ?? (outcome === undefined ? { kind: 'nothing' } : { kind: 'outcome', outcome });
  const lingeredMs = outcome === undefined ? 0 : endedAtMs - lastAtMs;
  return { answer, messages, lingeredMs, tookMs: endedAtMs - beganAtMs };
}

/** The reason with which something was refused or failed; undefined: it was neither. */
export function reasonIn(answer: Answer): string | undefined {
  if (answer.kind === 'status') return answer.reason ?? `status ${status[answer.code]}`;
  return answer.kind === 'outcome' && answer.outcome.$case === 'failed'
    ? answer.outcome.value.reason
    : undefined;
}

/** Whether it says that the action is done. */
export function isDone(answer: Answer): boolean {
  return answer.kind === 'outcome' && ['succeeded', 'moreToDo'].includes(answer.outcome.$case);
}

export function wordsOf(answer: Answer): string {
  switch (answer.kind) {
    case 'status':
      return `the status ${status[answer.code]}${answer.reason === undefined ? '' : ` (${answer.reason})`}: ${clipped(answer.details)}`;
    case 'nothing':
      return 'the end of the call, without an outcome';
    case 'late':
      return `nothing within ${String(answer.afterMs / 1_000)} s`;
    case 'outcome':
      return wordsOfOutcome(answer.outcome);
  }
}

function wordsOfOutcome(outcome: NonNullable<Outcome['kind']>): string {
  switch (outcome.$case) {
    case 'succeeded':
    case 'gone':
      return outcome.$case;
    case 'moreToDo': {
      const next = outcome.value.nextAction;
      return `more_to_do (${actionFromWire(next) ?? `action ${String(next)}`})`;
    }
    case 'failed':
      return `failed (${outcome.value.reason}): ${clipped(outcome.value.message)}`;
  }
}

function clipped(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
