// What the operator asked for: the settings, each looked at before anything uses it. Pure.

import { fail } from '../../sdk/failure.js';
import { readPattern, type AssetPattern } from './asset.js';

export interface Wanted {
  /** As it was bound, for words: the updater sees it elsewhere. */
  readonly rootPath: string;
  readonly feed: string;
  /** Where a file lies of which the feed says no more than its name. Ends in a slash. */
  readonly files: string;
  readonly asset: AssetPattern;
  /** As it was bound, for words. */
  readonly assetText: string;
  /** Relative to the root. */
  readonly program: string;
  /** Undefined: the feed is not signed. */
  readonly key: string | undefined;
}

/** @throws UpdaterFailure FIELD_INVALID, with what the setting should be. */
export function wantedOf(settings: ReadonlyMap<string, string>): Wanted {
  const value = (name: string): string => {
    const text = settings.get(name)?.trim() ?? '';
    if (text === '') throw fail('FIELD_INVALID', `the setting "${name}" has no value`);
    return text;
  };
  const assetText = value('asset');
  const asset = readPattern(assetText);
  if (asset === undefined) {
    throw wrong(
      'asset',
      assetText,
      'the name of a file, such as tool-{version}-linux-amd64.tar.gz',
    );
  }
  const program = value('program');
  // T8: it becomes a path below the root.
  if (!/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.+@-]{1,100}(?:\/[\w.+@-]{1,100}){0,8}$/.test(program)) {
    throw wrong('program', program, 'a file below the root, such as bin/node');
  }
  const key = value('key');
  const feed = value('feed');
  return {
    rootPath: value('root'),
    feed,
    files: filesBeside(feed, value('files')),
    asset,
    assetText,
    program,
    key: key === 'none' ? undefined : key,
  };
}

/** What people call the program: the last part of its path. */
export function programName({ program }: Wanted): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

export function updateIdOf(wanted: Wanted): string {
  return `archive:${programName(wanted)}`;
}

/** Beside the feed, where that is below what was named for files; else there. */
function filesBeside(feed: string, files: string): string {
  const named = files.endsWith('/') ? files : `${files}/`;
  const beside = URL.canParse(feed) ? new URL('.', feed).href : '';
  return beside.startsWith(named) ? beside : named;
}

function wrong(name: string, text: string, wants: string): Error {
  return fail('FIELD_INVALID', `the setting "${name}" wants ${wants}, not "${text}"`);
}
