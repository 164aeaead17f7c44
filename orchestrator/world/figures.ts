// What a fact adds to the figures of this orchestrator. They are told of facts alone, when they are durable:
// what a dashboard shows is in the journal.

import type { Fact } from '../journal/fact.js';

type Labels = Readonly<Record<string, string | boolean>>;

export interface CountFigure {
  readonly kind: 'count';
  readonly name: string;
  readonly by: number;
  readonly unit?: string;
  readonly labels: Labels;
}

export type Figure =
  | CountFigure
  | {
      readonly kind: 'time';
      readonly name: string;
      readonly seconds: number;
      readonly labels: Labels;
    };

const NS_PER_S = 1_000_000_000;
const US_PER_S = 1_000_000;
const MS_PER_S = 1_000;

export function figuresOf(fact: Fact): Figure[] {
  const entry = count('lull.journal.entries', { kind: fact.kind });
  // Each is called with its own kind; that they agree is beyond what the table's type can say.
  const more = ofKind[fact.kind] as ((of: Fact) => Figure[]) | undefined;
  return [entry, ...(more?.(fact) ?? [])];
}

/** The other kinds are entries, and no more. */
const ofKind: { readonly [K in Fact['kind']]?: (fact: Extract<Fact, { kind: K }>) => Figure[] } = {
  'host.attached': () => [count('lull.host.attachments', {})],
  'run.admitted': ({ work, intrusion = 'silent' }) => {
    const what = work.kind === 'perform' ? work.update.nextAction : work.kind;
    return [count('lull.runs.admitted', { work: what, intrusion })];
  },
  'run.started': ({ launchMs }) =>
    launchMs === undefined ? [] : [time('lull.run.launch', launchMs / MS_PER_S, {})],
  'run.paused': ({ reactionNs }) => reaction('frozen', reactionNs),
  'run.throttled': ({ reactionNs }) => reaction('throttled', reactionNs),
  'run.thawed': ({ frozenMs, cpuUsWhileFrozen }) => [
    seconds('lull.run.frozen', frozenMs / MS_PER_S),
    seconds('lull.run.frozen.cpu', cpuUsWhileFrozen / US_PER_S),
  ],
  'run.interrupted': ({ code }) => [count('lull.runs.interrupted', { code })],
  'run.finished': ({ outcome }) => {
    const code = 'code' in outcome ? outcome.code : '';
    return [count('lull.runs.finished', { outcome: outcome.kind, code })];
  },
  'content.downloaded': ({ cached, sizeBytes }) => [
    { ...count('lull.content.downloaded', { cached }, sizeBytes), unit: 'By' },
  ],
  'content.installed': ({ reverted }) => [count('lull.content.installed', { reverted })],
  'updater.refused': ({ code }) => [count('lull.updaters.refused', { code })],
};

/** Without an instant of the edge there is nothing to measure from. */
function reaction(rung: string, ns: number | undefined): Figure[] {
  return ns === undefined ? [] : [time('lull.pause.reaction', ns / NS_PER_S, { rung })];
}

function count(name: string, labels: Labels, by = 1) {
  return { kind: 'count', name, by, labels } as const;
}

function seconds(name: string, by: number): Figure {
  return { ...count(name, {}, by), unit: 's' };
}

function time(name: string, value: number, labels: Labels): Figure {
  return { kind: 'time', name, seconds: value, labels };
}
