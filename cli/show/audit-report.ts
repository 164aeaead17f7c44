// The journal in plain words, for whoever asks afterwards: who vouched, what ran, what came in, what changed, and
// who ordered what. Digests are whole: they are what is held against something else.

import { displayText, formatBytes } from '../../conditions/words.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { Attribution } from '../../orchestrator/journal/order-fact.js';
import type { ExportedEntry } from '../commands/export/verify.js';
import { counted } from './counted.js';
import { localTime } from './local-time.js';
import { orderWords } from './order-words.js';
import { wordsOf } from './run-entry.js';

const LINE_CHARS_MAX = 2_000;
/** Of one change, unless all are asked for. */
const FILES_MAX = 8;
const chapters = {
  vouched: 'Who vouched',
  ran: 'What ran',
  cameIn: 'What came in, and what went out',
  changed: 'What changed',
  said: 'What was ordered, and set',
} as const;
type Chapter = keyof typeof chapters;
type Of<K extends Fact['kind']> = Extract<Fact, { kind: K }>;
type Lines = readonly string[];
type Told = readonly [chapter: Chapter, words: string, below?: Lines, files?: Lines];

interface AboutRun {
  readonly words: string;
  readonly by: readonly string[];
}

export interface Report {
  take(entry: ExportedEntry): void;
  /** As lines for people. */
  text(): string;
}

/**
 * @param from entries before it are read and not told.
 * @param allFiles whether each file of a change is told, and not the first few alone.
 */
export function reportFrom(from: number, allFiles: boolean): Report {
  /** What each run is about, also of those that were admitted before `from`. */
  const runs = new Map<string, AboutRun>();
  const lines = new Map<Chapter, string[]>();
  return {
    take: ({ sequence, atMs, body }) => {
      const fact = JSON.parse(body) as Fact;
      const runId = 'runId' in fact ? fact.runId : '';
      const run = `${fact.machine ?? ''} ${runId}`; // Two machines may have runs of one id.
      if (fact.kind === 'run.admitted')
        runs.set(run, { words: admissionOf(fact), by: termsOf(fact) });
      // Each is given the fact of its own name, which this type cannot say.
      const tell = tellers[fact.kind] as (fact: Fact, aboutRun: AboutRun) => Told | undefined;
      if (!Object.hasOwn(tellers, fact.kind) || sequence < from) return; // Also T24.
      const found = tell(fact, runs.get(run) ?? { words: runId, by: [] });
      if (found === undefined) return;
      const [chapter, words, below = [], files = []] = found;
      const on = fact.machine === undefined ? '' : `${fact.machine}: `;
      const told = lines.get(chapter) ?? [];
      told.push(`  ${localTime(atMs)}  ${shown(`${on}${words}`)} [${String(sequence)}]`);
      const few = allFiles ? files : files.slice(0, FILES_MAX);
      const rest = files.length - few.length;
      const more = rest === 0 ? [] : [`and ${counted(rest, 'file')} more: --files tells each`];
      told.push(...[...below, ...few, ...more].map((each) => `      ${shown(each)}`));
      lines.set(chapter, told);
    },
    text: () =>
      Object.entries(chapters)
        .map(([chapter, title]) => {
          const told = lines.get(chapter as Chapter) ?? ['  nothing'];
          return `${title}\n${told.join('\n')}`;
        })
        .join('\n\n'),
  };
}

function shown(text: string): string {
  return displayText(text, LINE_CHARS_MAX);
}

/** What of its admission an auditor asks for. */
function termsOf({ bundleSha256, confinement, presenceBy }: Of<'run.admitted'>): string[] {
  return [
    ...(bundleSha256 === undefined ? [] : [`bundle sha256 ${bundleSha256}`]),
    ...(confinement === undefined ? [] : [`the machine confined it as ${confinement}`]),
    ...(presenceBy === undefined ? [] : [`who is there was said by ${presenceBy}`]),
  ];
}

function admissionOf(fact: Of<'run.admitted'>): string {
  return `${fact.runId}, ${workOf(fact)} by ${fact.updaterId} ${fact.updaterVersion}`;
}

/** Kinds that an auditor does not ask for first are not here; `lull audit log` has them. */
const tellers: {
  readonly [K in Fact['kind']]?: (fact: Of<K>, aboutRun: AboutRun) => Told | undefined;
} = {
  'updater.submitted': ({ id, version, publisher, keyIds, bundleSha256, by }) => {
    const keys = keyIds.join(', ') || 'no key';
    const whose = by === undefined ? '' : `, submitted by ${by}`;
    const what = `${id} ${version} by ${publisher}, signed with ${keys}${whose}`;
    return ['vouched', what, [`bundle sha256 ${bundleSha256}`]];
  },
  'updater.refused': ({ id, version, code, message }) => [
    'vouched',
    `refused ${id} ${version}: ${code}: ${message}`,
  ],
  'updater.enabled': (fact) => [
    'vouched',
    `${fact.id} ${fact.version} accepted by ${who(fact)}`,
    acceptance(fact),
  ],
  'updater.suspended': (fact) => [
    'vouched',
    `${fact.id} suspended by ${who(fact)}: ${fact.code}: ${fact.why}`,
  ],
  'updater.withdrawn': (fact) => ['vouched', `${fact.id} withdrawn by ${who(fact)}`],
  'run.started': (fact, aboutRun) => [
    'ran',
    `${aboutRun.words}: ${wordsOf(fact)}`,
    fact.sandboxSha256 === '' ? [] : [...aboutRun.by, `sandbox sha256 ${fact.sandboxSha256}`],
  ],
  'run.interrupted': ran,
  'run.finished': ran,
  'critical.changed': ran,
  // What the updater says by itself proves nothing.
  'run.notice': (fact, aboutRun) => (fact.reason === undefined ? undefined : ran(fact, aboutRun)),
  'content.downloaded': ({ url, redirects, remoteAddress, sizeBytes, sha256, cached, runId }) => {
    const where = cached ? 'was here already' : `from ${remoteAddress}`;
    const size = `${formatBytes(sizeBytes)}, sha256 ${sha256}, for ${runId}`;
    return ['cameIn', `${url}, ${where}`, [size, ...redirects.map((each) => `by way of ${each}`)]];
  },
  'egress.seen': (fact) => ['cameIn', `${wordsOf(fact)}, by ${fact.runId}`],
  'content.installed': changed,
  'root.changed': changed,
  'orchestrator.started': set,
  'policy.changed': set,
  'clock.set': ({ byMs }) => ['said', `the clock was set by ${String(byMs)} ms`],
  'facts.refused': ({ count, code }) => [
    'said',
    `${counted(count, 'entry', 'entries')} left out: ${code}`,
  ],
  'hold.placed': ordered,
  'hold.lifted': ordered,
  'veto.placed': ordered,
  'veto.lifted': ordered,
  'switch.tripped': ordered,
  'switch.released': ordered,
  'run.demanded': ordered,
  'rollout.stopped': ordered,
  'rollout.resumed': ordered,
  'restart.ordered': ordered,
  'restart.cancelled': ordered,
  'restart.failed': ordered,
};

function ran(
  fact: Of<'run.interrupted' | 'run.finished' | 'critical.changed' | 'run.notice'>,
  aboutRun: AboutRun,
): Told {
  return ['ran', `${aboutRun.words}: ${wordsOf(fact)}`];
}

function changed(fact: Of<'content.installed' | 'root.changed'>): Told {
  const { treeBeforeSha256: before, treeAfterSha256: after, changes, truncated } = fact;
  const tree = `tree sha256 ${before || 'none'} → ${after || 'none'}`;
  const files = [...changes.map(changeOf), ...(truncated ? ['and some that no entry holds'] : [])];
  return ['changed', `${wordsOf(fact)}, by ${fact.runId}`, [tree, countsOf(changes)], files];
}

function set({ kind, policySha256 }: Of<'orchestrator.started' | 'policy.changed'>): Told {
  return ['said', `${kind}, policy sha256 ${policySha256}`];
}

function acceptance({ attestation, settings, manifestSha256, untilMs }: Of<'updater.enabled'>) {
  return [
    ...(attestation === '' ? [] : [`said: ${attestation}`]),
    ...(untilMs === undefined ? [] : [`until ${localTime(untilMs)}`]),
    ...settings.map(([name, value]) => `${name} = ${value}`),
    ...(manifestSha256 === undefined ? [] : [`manifest sha256 ${manifestSha256}`]),
  ];
}

type Change = Of<'content.installed'>['changes'][number];

function countsOf(changes: readonly Change[]): string {
  const added = changes.filter(({ beforeSha256 }) => beforeSha256 === '').length;
  const gone = changes.filter(({ afterSha256 }) => afterSha256 === '').length;
  const others = changes.length - added - gone;
  return `${String(added)} new, ${String(gone)} gone, ${counted(others, 'file')} changed`;
}

function changeOf({ path, beforeSha256, afterSha256, mode, beforeMode }: Change): string {
  const was = beforeSha256 === '' ? 'new' : `${beforeSha256} ${modeOf(beforeMode)}`;
  const is = afterSha256 === '' ? 'gone' : `${afterSha256} ${modeOf(mode)}`;
  return `${path}: ${was} → ${is}`;
}

function modeOf(mode: number | undefined): string {
  return mode === undefined ? '' : (mode & 0o7777).toString(8).padStart(4, '0');
}

function workOf({ work }: Of<'run.admitted'>): string {
  if (work.kind === 'scan') return 'scan';
  const { id, fromVersion, toVersion, nextAction } = work.update;
  const action = work.kind === 'revert' ? 'put back' : nextAction;
  return `${action} ${id} ${fromVersion} → ${toVersion}`;
}

function who({ actor, by }: Attribution): string {
  return by === undefined ? actor : `${actor} ${by}`;
}

function ordered(order: Parameters<typeof orderWords>[0]): Told {
  return ['said', orderWords(order)];
}
