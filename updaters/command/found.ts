// What a tool found: pure reading of what `TOOL scan` prints, one update a line, fields apart by tabs.
//
//   ID <tab> VERSION [<tab> NAME=VALUE]...
//
// Strict: one line that cannot be read fails the scan. What is absent from a scan has gone away, so half a
// set would take back the rest. Only a title is made fit to be shown.

import { fail } from '../../sdk/failure.js';
import type { UpdateFound } from '../../sdk/updater.js';
import type { ToolAction } from './offers.js';
import { plain } from './plain.js';

/** The contract's. */
const UPDATES_MAX = 2_000;
const CLOSED_APPS_MAX = 16;
const TITLE_CHARS_MAX = 200;
/** T7: both become arguments of the tool, so neither may look like an option. */
const idPattern = /^[a-zA-Z0-9._@/+:][a-zA-Z0-9._@/+:-]{0,127}$/;
const versionPattern = /^[!-,.-~][!-~]{0,63}$/;
const digestPattern = /^[ -~]{1,128}$/;

type Optional = { -readonly [Name in keyof UpdateFound]?: UpdateFound[Name] };

/** Name → how its value is read; undefined where it cannot be. */
const fields: Readonly<Record<string, (value: string, update: Optional) => Optional | undefined>> =
  {
    title: (value) => ({ title: plain(value, TITLE_CHARS_MAX) }),
    from: (value) => (isVersion(value) ? { fromVersion: value } : undefined),
    digest: (value) => (digestPattern.test(value) ? { digest: value } : undefined),
    security: (value) => (/^(?:yes|no)$/.test(value) ? { security: value === 'yes' } : undefined),
    severity: (value) => (isSeverity(value) ? { severity: value } : undefined),
    notes: (value) => (isWebUrl(value) ? { releaseNotesUrl: value } : undefined),
    download_bytes: (value) => whole(value, 15, (count) => ({ downloadBytes: count })),
    install_bytes: (value) => whole(value, 15, (count) => ({ installBytes: count })),
    expected_s: (value) => whole(value, 6, (count) => ({ expectedS: count })),
    closed_app: (value, { needs }) => {
      const closedApps = [...(needs?.closedApps ?? []), value];
      return closedApps.length > CLOSED_APPS_MAX ? undefined : { needs: { closedApps } };
    },
  };

/**
 * @param conflictKey of all of them: one tool changes one root at a time.
 * @throws UpdaterFailure TOOL_GARBLED that names the line and what is wrong with it.
 */
export function updatesIn(
  stdout: string,
  nextAction: ToolAction,
  conflictKey: string,
): UpdateFound[] {
  const seen = new Set<string>();
  return stdout.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    const garbled = (words: string): Error =>
      fail('TOOL_GARBLED', `line ${String(at + 1)} of its scan: ${words}`, { retry: true });
    const [id = '', toVersion = '', ...rest] = line.replace(/\r$/, '').split('\t');
    if (!idPattern.test(id)) {
      throw garbled(`"${plain(id, 60)}" is no id: at most 128 of a-z A-Z 0-9 . _ @ / + : -`);
    }
    if (!isVersion(toVersion)) {
      throw garbled(`"${plain(toVersion, 60)}" is no version: at most 64 of ASCII, without blanks`);
    }
    if (seen.has(id)) throw garbled(`${id} is there twice`);
    if (seen.size >= UPDATES_MAX) throw garbled(`more than ${String(UPDATES_MAX)} updates`);
    seen.add(id);
    const title = `${id} ${toVersion}`;
    const found: UpdateFound = { id, title, toVersion, nextAction, conflictKeys: [conflictKey] };
    return [
      rest.reduce((update, text) => ({ ...update, ...fieldOf(text, update, garbled) }), found),
    ];
  });
}

/** Whether both can be arguments of the tool, whoever says so. */
export function isNameable({ id, toVersion }: Pick<UpdateFound, 'id' | 'toVersion'>): boolean {
  return idPattern.test(id) && isVersion(toVersion);
}

function fieldOf(text: string, update: UpdateFound, garbled: (words: string) => Error): Optional {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/su.exec(text) ?? [];
  const read = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (read === undefined) {
    const known = Object.keys(fields).join(', ');
    throw garbled(`"${plain(text, 60)}" is no NAME=VALUE with one of ${known}`);
  }
  // As a script writes it that has nothing to say there.
  if (value === '') return {};
  const member = read(value, update);
  if (member === undefined) throw garbled(`${name} cannot be "${plain(value, 60)}"`);
  return member;
}

function isVersion(text: string): boolean {
  return versionPattern.test(text);
}

function isSeverity(text: string): text is NonNullable<UpdateFound['severity']> {
  return ['low', 'moderate', 'important', 'critical'].includes(text);
}

function isWebUrl(text: string): boolean {
  return text.length <= 2_048 && /^https?:\/\/[!-~]+$/.test(text) && URL.canParse(text);
}

function whole(
  text: string,
  digitsMax: number,
  member: (count: number) => Optional,
): Optional | undefined {
  return /^\d+$/.test(text) && text.length <= digitsMax ? member(Number(text)) : undefined;
}
