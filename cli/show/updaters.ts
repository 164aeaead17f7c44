// What is registered, and what of it waits for a person.

import { TrustState, type Updater } from '../../proto/gen/lull/registry/v1/registry.js';
import { counted } from './counted.js';
import { folded, indented } from './folded.js';
import { localTime } from './local-time.js';
import { table } from './table.js';

const NO_VALUE = ': no value';

/** The same with its state as a word: numbers of an enumeration are no answer to a program. */
export function updaterForPrograms(updater: Updater): object {
  return { ...updater, state: stateOf(updater) };
}

/** A line for each: the version that runs, and what is missing or why. */
export function showUpdaters(updaters: readonly Updater[]): string {
  if (updaters.length === 0) return 'none; add one with "lull updaters add FILE"';
  return table(
    updaters.map((each) => [
      each.id,
      each.acceptedVersion === '' ? each.version : each.acceptedVersion,
      each.distrusted === '' ? stateOf(each) : 'distrusted',
      counted(each.updateCount, 'update'),
      noteOn(each),
    ]),
  );
}

/**
 * The same, and below each that waits to be enabled what it asks for: what enabling it accepts.
 * @param columns of the terminal. Infinity: nothing is folded.
 */
export function showUpdatersAsking(updaters: readonly Updater[], columns: number): string {
  const lines = showUpdaters(updaters).split('\n');
  return lines
    .map((line, at) => {
      const updater = updaters[at];
      if (updater === undefined || !waitsToBeEnabled(updater)) return line;
      return `${line}\n${indented(askingOf(updater, columns - 2))}`;
    })
    .join('\n');
}

function stateOf({ state }: Updater): string {
  return TrustState[state].toLowerCase();
}

function waitsToBeEnabled({ state, version, acceptedVersion }: Updater): boolean {
  const isNewer = acceptedVersion !== '' && acceptedVersion !== version;
  return isNewer || state === TrustState.VERIFIED;
}

function noteOn(updater: Updater): string {
  const { acceptedVersion, version, why, settingsMissing, distrusted } = updater;
  const untilMs = updater.acceptedUntilUnixMs;
  const until = untilMs === undefined ? [] : [`accepted until ${localTime(Number(untilMs))}`];
  const isNewer = acceptedVersion !== '' && waitsToBeEnabled(updater);
  const missing = why === '' ? settingsMissing : [why];
  if (distrusted !== '') return [distrusted, ...(why === '' ? [] : [why])].join('; ');
  const waits = isNewer ? [`${version} waits to be enabled`] : [];
  return [...waits, ...missing, ...until].join('; ');
}

function askingOf(
  { id, acceptedVersion, version, manifestSha256, asks, settingsMissing }: Updater,
  columns: number,
): string {
  const open = settingsMissing.filter((each) => each.endsWith(NO_VALUE));
  const values = open.map((each) => `${each.slice(0, -NO_VALUE.length)}=VALUE`);
  // An orchestrator of an older version tells no digest.
  const lookedAt = manifestSha256 === '' ? version : `${version}@${manifestSha256}`;
  const given = values.length === 0 ? '' : ` --set ${values.join(' ')}`;
  return [
    headOf(acceptedVersion, version, asks),
    ...asks.map((each) => `  ${folded(each, columns - 2).join('\n    ')}`),
    `to accept that: lull updaters enable ${id} ${lookedAt}${given}`,
  ].join('\n');
}

function headOf(accepted: string, version: string, asks: readonly string[]): string {
  if (accepted === '') return 'it asks for:';
  if (asks.length === 0) return `${version} asks for no more than ${accepted}`;
  return `${version} asks for more than ${accepted}:`;
}
