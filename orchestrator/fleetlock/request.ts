// FleetLock's requests and answers, by its protocol: who wants a place before a reboot, and who is back.
//
// The words in `kind` are few and fixed, as the protocol asks: clients count by them.

import * as z from 'zod';

export type Verb = 'pre-reboot' | 'steady-state';

const verbs: ReadonlyMap<string, Verb> = new Map([
  ['/v1/pre-reboot', 'pre-reboot'],
  ['/v1/steady-state', 'steady-state'],
]);

/** A request has a few words. */
export const BODY_BYTES_MAX = 4_096;

export interface Answer {
  readonly status: number;
  /** Absent: it was done. */
  readonly error?: { readonly kind: ErrorKind; readonly value: string };
}

export type ErrorKind =
  | 'unknown_endpoint'
  | 'wrong_method'
  | 'missing_protocol_header'
  | 'body_too_large'
  | 'invalid_body'
  | 'invalid_client_params'
  | 'unknown_group'
  | 'failed_lock_semaphore_full'
  | 'failed_lock'
  | 'too_many_requests';

export interface Asked {
  readonly verb: Verb;
  readonly group: string;
  readonly id: string;
}

const bodySchema = z.object({
  client_params: z.object({
    id: z.string().min(1).max(256),
    group: z
      .string()
      .max(128)
      .regex(/^[a-zA-Z0-9.-]+$/),
  }),
});

/** What can be said of a request before its body is read: the verb, or a refusal. */
export function verbOf(request: {
  readonly method: string;
  readonly path: string;
  /** Of the header `fleet-lock-protocol`. */
  readonly protocol: string | undefined;
}): Verb | Answer {
  const { method, path, protocol } = request;
  const verb = verbs.get(path);
  if (verb === undefined) {
    return refused(404, 'unknown_endpoint', `there are ${[...verbs.keys()].join(' and ')} here`);
  }
  if (method !== 'POST') return refused(405, 'wrong_method', `${path} takes POST alone`);
  // So that nobody who was led here by mistake gets or gives away a place.
  if (protocol !== 'true') {
    const value = 'the header "fleet-lock-protocol: true" has to come with a request';
    return refused(400, 'missing_protocol_header', value);
  }
  return verb;
}

export function askedIn(verb: Verb, body: string): Asked | Answer {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return refused(400, 'invalid_body', 'the body is no JSON');
  }
  const parsed = bodySchema.safeParse(value);
  if (parsed.success) return { verb, ...parsed.data.client_params };
  const fields = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return refused(400, 'invalid_client_params', fields.join('; '));
}

export function refused(status: number, kind: ErrorKind, value: string): Answer {
  return { status, error: { kind, value } };
}
