// The registry: what a vendor's installer calls. Every refusal is an entry in the journal and
// changes nothing else; so is what comes of a submission, and there is a bound on both for each caller.

import { status, type ServerReadableStream } from '@grpc/grpc-js';
import { BundleError } from '../../bundle/tar.js';
import { ENVELOPE_BYTES_MAX } from '../../bundle/envelope-size.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type {
  RegistryServiceServer,
  SubmitRequest,
  SubmitResponse,
  WithdrawResponse,
} from '../../proto/gen/lull/registry/v1/registry.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import { attributionOf, callerText, type Caller } from '../trust/caller.js';
import { verifySubmission, type Verdict } from '../trust/verify.js';
import { answer, RpcFailure } from '../world/answer.grpc.js';
import { appendInTime } from '../world/append-in-time.loop.js';
import { decidedAnew } from '../world/decided-anew.js';
import { imposeInTime } from '../world/impose.loop.js';
import type { Ledger } from '../world/ledger.loop.js';
import { versionFrom } from '../world/fold-updater.js';
import type { UpdaterState, UpdaterVersion } from '../world/world.js';
import type { Bundles } from './bundles.fs.js';
import { autoAccepted } from './enable.js';
import { rootHolders } from './root-holders.js';
import { boundSubmissions, type Submissions } from './submissions.loop.js';
import { updaterToWire } from './updater.wire.js';

export interface RegistryDeps {
  readonly ledger: Ledger;
  readonly policy: () => Policy;
  readonly bundles: Bundles;
  readonly log: Log;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly callerOf: CallerOf;
}

export function registryHandlers(deps: RegistryDeps): RegistryServiceServer {
  const { ledger } = deps;
  const submissions = boundSubmissions(deps.clock);
  return {
    submit: (call, callback) => {
      answer(callback, () => submit(call, deps.callerOf(call), { ...deps, submissions }));
    },
    withdraw: (call, callback) => {
      answer(callback, () => withdraw(call.request.id, deps.callerOf(call), deps));
    },
    listUpdaters: (call, callback) => {
      answer(callback, () => {
        const caller = deps.callerOf(call);
        const updaters = [...ledger.world.updaters.values()].filter(({ current }) =>
          isTheirs(caller, current.publisher),
        );
        return {
          updaters: updaters.map((each) => updaterToWire(each, ledger.world, deps.policy())),
        };
      });
    },
  };
}

type SubmitDeps = RegistryDeps & { readonly submissions: Submissions };

async function submit(
  call: ServerReadableStream<SubmitRequest, SubmitResponse>,
  caller: Caller,
  deps: SubmitDeps,
): Promise<SubmitResponse> {
  const { ledger, bundles, policy, submissions } = deps;
  submissions.admit(caller);
  const parts = (call as AsyncIterable<SubmitRequest>)[Symbol.asyncIterator]();
  const envelope = await readHeader(parts);
  const verdict = verifySubmission(envelope, policy(), (id) => knownVersions(ledger, id));
  if (verdict.kind === 'refused') return refuse(verdict, caller, deps);
  const { manifest, publisher } = verdict;
  if (!isTheirs(caller, publisher.name)) {
    const { id, version } = manifest;
    const message = `${id} is published by ${publisher.name}, and your certificate is that of ${callerText(caller)}`;
    return refuse({ kind: 'refused', code: 'ROLE_FORBIDS', message, id, version }, caller, deps);
  }
  if (!(await bundles.has(manifest.bundle.sha256))) {
    await receive(verdict, parts, caller, deps);
  }
  const came = await decidedAnew(() => register(envelope, caller, deps));
  if ('kind' in came) return refuse(came, caller, deps);
  submissions.charge(caller, came);
  deps.wake();
  const updater = ledger.world.updaters.get(manifest.id);
  if (updater === undefined) throw new Error(`${manifest.id} is not in the world it was added to`);
  return { updater: updaterToWire(updater, ledger.world, deps.policy()) };
}

type Refusal = Extract<Verdict, { kind: 'refused' }>;

/** Decides on what is here. @returns what was appended, or why nothing was. */
async function register(
  envelope: Uint8Array,
  caller: Caller,
  deps: SubmitDeps,
): Promise<readonly Fact[] | Refusal> {
  const { ledger, policy } = deps;
  // Another version, or another policy, may have come while this one was on its way.
  const now = verifySubmission(envelope, policy(), (id) => knownVersions(ledger, id));
  if (now.kind === 'refused') return now;
  const { manifest, publisher, keyIds } = now;
  const before = ledger.world.updaters.get(manifest.id);
  const version = {
    version: manifest.version,
    publisher: publisher.name,
    bundleSha256: manifest.bundle.sha256,
    envelope: Buffer.from(envelope).toString('base64'),
  };
  const facts: Fact[] = [];
  // A manifest may change without its files: then its version says so.
  if (!isHere(before, version)) {
    const by = caller.name === undefined ? {} : { by: caller.name };
    facts.push({ kind: 'updater.submitted', id: manifest.id, ...version, keyIds, ...by });
    const holders = rootHolders(ledger.world, ledger.underWay);
    // A suspension counts from when it was said, also where no disk has taken it yet.
    const inForce = ledger.inForce.updaters.get(manifest.id);
    const accepted = inForce?.accepted ?? ledger.inForce.withdrawn.get(manifest.id)?.accepted;
    facts.push(...autoAccepted(publisher, inForce, accepted, { ...version, manifest }, holders));
  }
  await appendInTime(deps, facts);
  return facts;
}

function isHere(
  updater: UpdaterState | undefined,
  { version, bundleSha256 }: { readonly version: string; readonly bundleSha256: string },
): boolean {
  const { current } = updater ?? {};
  return current?.version === version && current.bundleSha256 === bundleSha256;
}

/** In force at once, as a suspension is: what is withdrawn has not to wait for a disk. */
async function withdraw(id: string, caller: Caller, deps: RegistryDeps): Promise<WithdrawResponse> {
  const { updaters, withdrawn } = deps.ledger.world;
  const current = updaters.get(id)?.current ?? withdrawn.get(id)?.current;
  if (current === undefined) return {};
  const { publisher } = current;
  if (!isTheirs(caller, publisher)) {
    const message = `${id} is published by ${publisher}, and your certificate is that of ${callerText(caller)}`;
    throw new RpcFailure(status.PERMISSION_DENIED, 'ROLE_FORBIDS', message);
  }
  // What is left of it is an operator's to forget.
  if (caller.role === 'vendor' && !updaters.has(id)) return {};
  const inForce = deps.ledger.inForce.updaters.get(id);
  if (caller.role === 'vendor' && inForce?.state === 'suspended') {
    const message = `${id} is suspended (${inForce.why}), and would come back without that: an operator removes it, with "lull updaters remove ${id}"`;
    throw new RpcFailure(status.FAILED_PRECONDITION, 'UPDATER_SUSPENDED', message);
  }
  const restraint = { kind: 'updater.withdrawn', id, ...attributionOf(caller) } as const;
  const problem = await imposeInTime(deps, restraint);
  if (problem !== undefined) throw new RpcFailure(status.UNAVAILABLE, 'NOT_RECORDED', problem);
  // The host hears of what is durable, and that it was not yet when the restraint woke the turn.
  deps.wake();
  return {};
}

/** A vendor has to do with what is published under its name alone. */
function isTheirs({ role, name }: Caller, publisher: string): boolean {
  return role !== 'vendor' || name === publisher;
}

async function readHeader(parts: AsyncIterator<SubmitRequest>): Promise<Uint8Array> {
  const first = await parts.next();
  const part = first.done === true ? undefined : first.value.part;
  if (part?.$case !== 'header' || part.value.envelope.byteLength > ENVELOPE_BYTES_MAX) {
    throw new RpcFailure(
      status.INVALID_ARGUMENT,
      'MANIFEST_INVALID',
      'the first message has to be a header with an envelope of at most 256 KiB',
    );
  }
  return part.value.envelope;
}

async function receive(
  verdict: Extract<Verdict, { kind: 'verified' }>,
  parts: AsyncIterator<SubmitRequest>,
  caller: Caller,
  deps: SubmitDeps,
): Promise<void> {
  const { manifest } = verdict;
  try {
    await deps.bundles.receive(manifest, chunksOf(parts));
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const { id, version } = manifest;
    const { code, message } = error;
    await refuse({ kind: 'refused', code, message, id, version }, caller, deps);
  }
}

async function* chunksOf(parts: AsyncIterator<SubmitRequest>): AsyncGenerator<Uint8Array> {
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
    if (next.value.part?.$case === 'chunk') yield next.value.part.value;
  }
}

async function refuse(verdict: Refusal, caller: Caller, deps: SubmitDeps): Promise<never> {
  const { log, submissions } = deps;
  const { id, version, code, message } = verdict;
  log.warn({ id, version, code }, message);
  const fact: Fact = { kind: 'updater.refused', id, version, code, message };
  await decidedAnew(() => appendInTime(deps, [fact])); // True of what was submitted, whatever comes between.
  submissions.charge(caller, [fact]);
  throw new RpcFailure(refusalStatuses[code] ?? status.PERMISSION_DENIED, code, message);
}

/** gRPC codes of refusals; those that are not named are a matter of permission. */
const refusalStatuses: Partial<Record<ReasonCode, status>> = {
  DIGEST_MISMATCH: status.DATA_LOSS,
  MANIFEST_INVALID: status.INVALID_ARGUMENT,
  BUNDLE_INVALID: status.INVALID_ARGUMENT,
  VERSION_TAKEN: status.ALREADY_EXISTS,
  ID_TAKEN: status.ALREADY_EXISTS,
  VERSION_DOWNGRADE: status.FAILED_PRECONDITION,
};

/** Also those that are on their way into the journal, and what its vendor withdrew (T11). */
function knownVersions({ world, underWay }: Ledger, id: string): UpdaterVersion[] {
  const before = [world.updaters.get(id), world.withdrawn.get(id)];
  const coming = [...underWay].flatMap((fact) =>
    fact.kind === 'updater.submitted' && fact.id === id ? (versionFrom(fact) ?? []) : [],
  );
  return [...before.flatMap((each) => each?.current ?? []), ...coming];
}
