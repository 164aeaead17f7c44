// lull journal copy: the same chain in another place.

import { existsSync } from 'node:fs';
import { copyJournal } from '../../orchestrator/journal/copy.loop.js';
import { openJournal } from '../../orchestrator/journal/open.loop.js';
import { placeText } from '../../orchestrator/journal/place.js';
import { createLog } from '../../runtime/log.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { CommandError } from '../failure.js';
import { parsePlace, type JournalSettings } from './journal-place.js';

export interface Copied {
  readonly from: string;
  readonly to: string;
  readonly entryCount: number;
  readonly headSha256: string;
}

export async function copyTo(
  texts: { readonly from: string; readonly to: string },
  settings: JournalSettings,
  onProgress: (copiedCount: number, ofCount: number) => void,
): Promise<Copied> {
  const log = createLog('lull', 'warn');
  const opened = new CloseStack(log);
  const [from, to] = [parsePlace(texts.from), parsePlace(texts.to)];
  const [fromText, toText] = [placeText(from), placeText(to)];
  if (fromText === toText) throw new CommandError('a journal is not copied onto itself');
  // Opening one makes it.
  if (from.kind === 'file' && !existsSync(from.path)) {
    throw new CommandError(`there is no journal in ${from.path}`);
  }
  try {
    const source = opened.add('the journal', await openJournal(from, { ...settings, log }));
    const target = opened.add('the copy', await openJournal(to, { ...settings, log }));
    const { sequence, hash } = await copyJournal(source, target, onProgress);
    return { from: fromText, to: toText, entryCount: sequence, headSha256: hash };
  } finally {
    await opened.close();
  }
}
