// What a run's entry of the journal says, in words. What is not told here is in `lull audit log`, whole.

import { displayText, formatBytes, formatDuration } from '../../conditions/words.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { counted } from './counted.js';

/** More than the 2 KiB of stderr that are kept. */
const CHARS_MAX = 3_000;
const SHA_CHARS = 12;

type Of<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

const held = ({ reasons, reactionNs }: Of<'run.paused' | 'run.throttled'>): string =>
  `${reasons.join(', ')}${reactionOf(reactionNs)}`;

/** Kinds that say all by their name are not here. */
const tellers: { readonly [K in Fact['kind']]?: (fact: Of<K>) => string } = {
  'run.admitted': ({ attempt, intrusion }) =>
    `attempt ${String(attempt)}${intrusion === undefined ? '' : `, ${intrusion}`}`,
  'run.started': startOf,
  'run.paused': held,
  'run.throttled': held,
  'run.thawed': ({ frozenMs }) => `frozen for ${formatDuration(frozenMs)}`,
  'run.unthrottled': ({ throttledMs }) => `slowed for ${formatDuration(throttledMs)}`,
  'run.interrupted': ({ code, message }) => `${code}: ${message}`,
  'run.finished': endOf,
  'scan.found': ({ updates }) =>
    [counted(updates.length, 'update'), ...updates.map(({ id }) => id)].join(' '),
  'content.downloaded': ({ url, sizeBytes, sha256, cached }) =>
    `${url}, ${formatBytes(sizeBytes)}, sha256 ${sha256.slice(0, SHA_CHARS)}…${cached ? ', had been fetched before' : ''}`,
  'content.installed': ({ reverted, path, fileCount, sizeBytes }) =>
    `${reverted ? 'put back in' : 'installed in'} ${path}: ${counted(fileCount, 'file')}, ${formatBytes(sizeBytes)}`,
  'root.changed': ({ path, changes, truncated }) =>
    `${path}: ${counted(changes.length, 'change')}${truncated ? ' and more' : ''}`,
  'egress.seen': ({ host, port, allowed, sentBytes, receivedBytes }) =>
    `${host}:${String(port)} ${allowed ? `${formatBytes(sentBytes)} sent, ${formatBytes(receivedBytes)} received` : 'refused'}`,
  'critical.changed': ({ entered, why, overrun }) =>
    `${entered ? 'entered' : 'left'}: ${why}${overrun === true ? ', not in time' : ''}`,
  'run.notice': ({ message, reason }) => (reason === undefined ? message : `${reason}: ${message}`),
};

/** @param from the fact, or the body of its entry, as it was hashed. */
export function wordsOf(from: string | Fact): string {
  const fact = typeof from === 'string' ? (JSON.parse(from) as Fact) : from;
  if (!Object.hasOwn(tellers, fact.kind)) return ''; // T24.
  // Each is given the fact of its own name, which this type cannot say.
  const tell = tellers[fact.kind] as (fact: Fact) => string;
  return displayText(tell(fact), CHARS_MAX);
}

function startOf({ launchMs, argv }: Of<'run.started'>): string {
  if (launchMs === undefined && argv === undefined) return 'by the host itself';
  const how = launchMs === undefined ? 'never served' : `launched in ${formatDuration(launchMs)}`;
  return argv === undefined ? how : `${how}: ${commandOf(argv)}`;
}

/** Quoted where it would not be told apart otherwise. */
function commandOf(argv: readonly string[]): string {
  return argv
    .map((each) => (/^[\w./:=@%+,-]+$/.test(each) ? each : JSON.stringify(each)))
    .join(' ');
}

function reactionOf(ns: number | undefined): string {
  return ns === undefined ? '' : `, ${(ns / 1e6).toFixed(1)} ms after it was sensed`;
}

function endOf({ outcome, stderrTail }: Of<'run.finished'>): string {
  const words = outcomeOf(outcome);
  return stderrTail === '' ? words : `${words}; what it wrote last: ${stderrTail}`;
}

function outcomeOf(outcome: Of<'run.finished'>['outcome']): string {
  switch (outcome.kind) {
    case 'more_to_do':
      return `${outcome.kind}, next ${outcome.nextAction}`;
    case 'failed':
      return `${outcome.kind}, ${outcome.code}: ${outcome.message}`;
    case 'cancelled':
      return `${outcome.kind}, ${outcome.code}`;
    case 'succeeded':
    case 'gone':
      return outcome.kind;
  }
}
