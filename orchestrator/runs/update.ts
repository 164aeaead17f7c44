// An update as the orchestrator knows it, and the limits that keep a chatty updater from filling the
// journal.

import type { Action } from '../../bundle/manifest.js';
import { displayText } from '../../conditions/words.js';

export type Severity = 'low' | 'moderate' | 'important' | 'critical';

export interface Update {
  readonly id: string;
  readonly title: string;
  readonly fromVersion: string;
  readonly toVersion: string;
  /** Bytes; absent: unknown. */
  readonly downloadBytes?: number;
  readonly installBytes?: number;
  readonly security: boolean;
  /** How bad it is to be without it, as its publisher says; absent: it does not say. */
  readonly severity?: Severity;
  readonly releaseNotesUrl: string;
  readonly deadlineAtMs?: number;
  readonly closedApps: readonly string[];
  /** Its installation wants a network. */
  readonly needsNetwork?: true;
  readonly exclusive: boolean;
  readonly conflictKeys: readonly string[];
  readonly expectedS?: number;
  readonly nextAction: Action;
  /** Of what would be installed, as the updater says; absent: it does not say. */
  readonly digest?: string;
}

/** An update as its updater reported it. */
export type ReceivedUpdate =
  /** `oddity`: what about it is no sense, and was left out. */
  | { readonly kind: 'ok'; readonly update: Update; readonly oddity?: string }
  | { readonly kind: 'invalid'; readonly why: string };

/** A root as a run of an update committed it. */
export interface CommittedRoot {
  readonly receiptId: string;
  readonly root: string;
  readonly path: string;
  readonly treeSha256: string;
}

/** What a run does: look for updates, take one a step further, or put back what one has installed. */
export type Work =
  | { readonly kind: 'scan' }
  | { readonly kind: 'perform'; readonly update: Update }
  | {
      readonly kind: 'revert';
      readonly update: Update;
      readonly roots: readonly CommittedRoot[];
    };

/** Actions to one version of an update. Three are usual; an updater that goes round in a circle ends by this. */
export const STEPS_MAX = 1_000;

const TITLE_CHARS_MAX = 256;
/** As many as the contract allows, and so long. */
const NAMED_MAX = 16;
const KEY_CHARS_MAX = 128;
const APP_CHARS_MAX = 1_024;
const idPattern = /^[a-zA-Z0-9._@/+:-]{1,128}$/;
const versionPattern = /^[\x21-\x7e]{1,64}$/;
const versionWords = '1 to 64 printable characters of ASCII without a space';
const digestPattern = /^[\x21-\x7e]{1,128}$/;
/** As sensors tell programs. By another name none is ever seen to run, and it would be installed beside it. */
const appPattern = /^(?:\/|flatpak:.|snap:.)/;

export function isUpdateId(text: string): boolean {
  return idPattern.test(text);
}

/** What is wrong with an update that an updater reported, or undefined when nothing is. */
export function updateProblem(update: Update): string | undefined {
  if (!isUpdateId(update.id)) return 'its id is not 1 to 128 of [a-zA-Z0-9._@/+:-]';
  if (!versionPattern.test(update.toVersion)) return `its to_version is not ${versionWords}`;
  if (update.fromVersion !== '' && !versionPattern.test(update.fromVersion)) {
    return `its from_version is not ${versionWords}`;
  }
  if (update.title === '') return 'it has no title';
  if (update.digest !== undefined && !digestPattern.test(update.digest)) {
    return 'its digest is not 1 to 128 printable characters';
  }
  // What restrains it is never cut short: it would run beside what it must not run beside.
  return (
    namesProblem('conflict_keys', update.conflictKeys, KEY_CHARS_MAX) ??
    namesProblem('closed_apps', update.closedApps, APP_CHARS_MAX) ??
    (update.closedApps.every((app) => appPattern.test(app))
      ? undefined
      : 'one of its closed_apps is no absolute path, flatpak:ID or snap:NAME')
  );
}

function namesProblem(
  what: string,
  names: readonly string[],
  charsMax: number,
): string | undefined {
  if (names.length > NAMED_MAX) {
    return `it has ${String(names.length)} ${what}, of ${String(NAMED_MAX)} at the most`;
  }
  const isLong = names.some((name) => name.length > charsMax);
  return isLong ? `one of its ${what} has more than ${String(charsMax)} characters` : undefined;
}

/** The update with its texts made safe to keep and to show (T17). */
export function boundedUpdate(update: Update): Update {
  return {
    ...update,
    title: displayText(update.title, TITLE_CHARS_MAX),
    releaseNotesUrl: /^https?:\/\//.test(update.releaseNotesUrl)
      ? displayText(update.releaseNotesUrl, 2_048)
      : '',
    conflictKeys: update.conflictKeys.map((key) => displayText(key, KEY_CHARS_MAX)),
    closedApps: update.closedApps.map((app) => displayText(app, APP_CHARS_MAX)),
  };
}
