// The operator's API: reading the world, and the few commands there are.

import { status } from '@grpc/grpc-js';
import type {
  EnableUpdaterRequest,
  ExplainResponse,
  ForecastRequest,
  ForecastResponse,
  GetStatusResponse,
  OperatorServiceServer,
  Subject,
  SuspendUpdaterRequest,
} from '../../proto/gen/lull/operator/v1/operator.js';
import type { Updater } from '../../proto/gen/lull/registry/v1/registry.js';
import { displayText } from '../../conditions/words.js';
import type { Attribution } from '../journal/order-fact.js';
import { accept, carriedSettings, notLookedAt } from '../registry/enable.js';
import { rootHolders } from '../registry/root-holders.js';
import { updaterToWire } from '../registry/updater.wire.js';
import { distrust } from '../trust/vouched.js';
import { attributionOf } from '../trust/caller.js';
import { manifestDigest } from '../world/manifest-digest.js';
import { subjectKeyOf } from '../world/world.js';
import { answer, RpcFailure } from '../world/answer.grpc.js';
import { appendInTime } from '../world/append-in-time.loop.js';
import { decidedAnew } from '../world/decided-anew.js';
import type { OperatorDeps } from './deps.grpc.js';
import { didYouMean } from './nearest.js';
import { meantBy } from './order.js';
import { forecastOf, FORECAST_MS } from './forecast.loop.js';
import { orderHandlers } from './orders.grpc.js';
import { recorded } from './recorded.grpc.js';
import { listEntries, listRuns } from './runs.grpc.js';
import { subjectsNow } from './subjects.wire.js';
import { forecastToWire, outlookToWire, readingToText, runToWire } from './view.wire.js';
import { verifyAudit } from './verify-audit.grpc.js';
import { streamEntries } from './watch.grpc.js';

/** As of orders. */
const WHY_CHARS_MAX = 256;
const ACCEPTED_MS_MAX = 366 * 24 * 3_600_000;
const FORECAST_MS_MAX = 31 * 24 * 3_600_000;
/** What a request may be late on its way, or its clock behind. */
const FORECAST_PAST_MS_MAX = 60_000;

export function operatorHandlers(deps: OperatorDeps): OperatorServiceServer {
  const { ledger } = deps;
  return {
    getStatus: (_call, callback) => {
      answer(callback, () => statusNow(deps));
    },
    explain: ({ request: { subject } }, callback) => {
      answer(callback, () => explainNow(deps, subject));
    },
    enableUpdater: (call, callback) => {
      answer(callback, () =>
        decidedAnew(() => enable(call.request, attributionOf(deps.callerOf(call)), deps)).then(
          (updater) => ({ updater }),
        ),
      );
    },
    forecast: ({ request }, callback) => {
      answer(callback, () => forecastNow(deps, request));
    },
    ...orderHandlers(deps),
    suspendUpdater: (call, callback) => {
      answer(callback, () =>
        suspend(call.request, attributionOf(deps.callerOf(call)), deps).then((updater) => ({
          updater,
        })),
      );
    },
    listRuns: ({ request }, callback) => {
      answer(callback, () => listRuns(ledger, request, deps.clock.now().wallMs));
    },
    listEntries: ({ request }, callback) => {
      answer(callback, () => listEntries(ledger, request));
    },
    verifyAudit: ({ request }, callback) => {
      answer(callback, () => verifyAudit(deps, request));
    },
    watch: (call) => {
      streamEntries(call, ledger, deps.progress);
    },
  };
}

async function explainNow(deps: OperatorDeps, named: string): Promise<ExplainResponse> {
  const all = subjectsNow(deps);
  const subjects = named === '' ? all : meantBy(named, all, deps.ledger.world);
  if (subjects.length === 0 && named !== '') {
    const near = didYouMean(named, deps.ledger.world);
    const message = `nothing called "${named}" waits or runs; "lull status" lists what does.${near}`;
    throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_SUBJECT', message);
  }
  if (deps.ledger.isFull) return { subjects }; // Nobody knows when there is room again.
  const keyOf = (each: Subject): string => subjectKeyOf(each.updaterId, each.updateId);
  const waits = subjects.filter(({ reasons }) => reasons.length > 0).map(keyOf);
  const forecast = await forecastOf(deps, { forMs: FORECAST_MS }, ({ begins }) =>
    waits.every(begins),
  );
  const first = new Map([...forecast.chances].reverse().map((chance) => [chance.key, chance]));
  return {
    subjects: subjects.map((each) => ({
      ...each,
      outlook:
        each.reasons.length === 0 ? undefined : outlookToWire(first.get(keyOf(each)), forecast),
    })),
  };
}

async function forecastNow(
  deps: OperatorDeps,
  { fromUnixMs, forMs }: ForecastRequest,
): Promise<ForecastResponse> {
  const aheadMs = Number(fromUnixMs) - deps.clock.now().wallMs;
  if (fromUnixMs !== 0n && !(aheadMs > -FORECAST_PAST_MS_MAX && aheadMs <= FORECAST_MS_MAX)) {
    const message = 'from_unix_ms: an instant that has passed, or is more than 31 days ahead';
    throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', message);
  }
  if (Number(forMs) > FORECAST_MS_MAX) {
    const message = 'for_ms: at most 31 days are foretold';
    throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', message);
  }
  const from = fromUnixMs === 0n ? {} : { fromMs: Number(fromUnixMs) };
  const span = { ...from, forMs: forMs === 0n ? FORECAST_MS : Number(forMs) };
  return forecastToWire(await forecastOf(deps, span));
}

function statusNow(deps: OperatorDeps): GetStatusResponse {
  const { ledger } = deps;
  const { world } = ledger;
  const view = deps.hostView();
  const host = deps.host();
  return {
    version: deps.version,
    hosts: [
      {
        id: view.id,
        attached: view.attached,
        confinement: host?.confinement?.level ?? '',
        runtime: host?.confinement?.runtime ?? '',
        cgroups: host?.confinement?.cgroups ?? '',
        trials: [...(host?.confinement?.trials ?? [])],
        limits: [...(host?.confinement?.limits ?? [])],
        readings: [...view.readings.values()].map(readingToText),
      },
    ],
    updaters: [...world.updaters.values()].map((each) => updaterToWire(each, world, deps.policy())),
    runs: [...world.runs.values()].map((run) => runToWire(run, deps.clock.now().wallMs)),
    waiting: subjectsNow(deps).filter(({ reasons }) => reasons.length > 0),
    entryCount: BigInt(ledger.head.sequence),
    headSha256: ledger.head.hash,
  };
}

async function enable(
  request: EnableUpdaterRequest,
  attribution: Attribution,
  deps: OperatorDeps,
): Promise<Updater> {
  const updater = deps.ledger.world.updaters.get(request.id);
  if (updater === undefined) throw notFound(request, deps);
  const another = notLookedAt(request, updater.current);
  if (another !== undefined) throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_UPDATER', another);
  const looked = {
    version: updater.current.version,
    manifestSha256: manifestDigest(updater.current),
  };
  const why = distrust(updater.current, deps.policy());
  if (why !== undefined) {
    const message = `${request.id} cannot be enabled: ${why}`;
    throw new RpcFailure(status.FAILED_PRECONDITION, 'PUBLISHER_UNKNOWN', message);
  }
  const untilMs = acceptedUntil(request, deps.clock.now().wallMs);
  const given = new Map(request.settings.map(({ name, value }) => [name, value]));
  const acceptance = accept({
    id: request.id,
    version: updater.current,
    settings: carriedSettings(updater, given),
    updaters: rootHolders(deps.ledger.world, deps.ledger.underWay),
    attestation: request.attestation.slice(0, 4_096),
    untilMs,
    attribution,
  });
  if (acceptance.kind === 'refused') {
    throw new RpcFailure(status.FAILED_PRECONDITION, acceptance.code, acceptance.message);
  }
  await appendInTime(deps, [acceptance.fact]);
  deps.wake();
  const after = deps.ledger.world.updaters.get(request.id);
  if (after === undefined) throw notFound(request, deps);
  const replaced = notLookedAt({ ...request, ...looked }, after.accepted?.version ?? after.current);
  // What came into its place while this was being written is not accepted by it.
  if (replaced !== undefined) throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_UPDATER', replaced);
  return updaterToWire(after, deps.ledger.world, deps.policy());
}

function acceptedUntil({ forMs }: EnableUpdaterRequest, nowMs: number): number | undefined {
  if (forMs === 0n) return undefined;
  if (Number(forMs) <= ACCEPTED_MS_MAX) return Math.round(nowMs) + Number(forMs);
  const message = 'for_ms: at most 366 days, or 0 for no end';
  throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', message);
}

async function suspend(
  { id, why }: SuspendUpdaterRequest,
  attribution: Attribution,
  deps: OperatorDeps,
): Promise<Updater> {
  if (!deps.ledger.world.updaters.has(id)) throw notFound({ id }, deps);
  await recorded(deps, {
    kind: 'updater.suspended',
    id,
    code: 'OPERATOR',
    why: displayText(why, WHY_CHARS_MAX),
    ...attribution,
  });
  const updater = deps.ledger.world.updaters.get(id);
  if (updater === undefined) throw notFound({ id }, deps);
  return updaterToWire(updater, deps.ledger.world, deps.policy());
}

function notFound({ id }: { readonly id: string }, { ledger }: OperatorDeps): RpcFailure {
  const message = `no updater ${id} is registered; "lull updaters" lists those that are.`;
  return new RpcFailure(
    status.NOT_FOUND,
    'UNKNOWN_UPDATER',
    `${message}${didYouMean(id, ledger.world)}`,
  );
}
