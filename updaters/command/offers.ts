// What a tool says that it can do: pure reading of the one line that `TOOL offers` prints.
//
//   lull-tool 1 download install verify rollback
//
// It is asked before anything else of each run. A program that was not made for this does not print that,
// so that nothing is concluded from how a program ends that does not know what it is asked.

import { fail } from '../../sdk/failure.js';
import { plain } from './plain.js';

/** `scan` is always offered, and `install` has to be. */
export type ToolAction = 'download' | 'install' | 'verify' | 'rollback';
export type Offers = ReadonlySet<ToolAction>;

const toolActions: readonly ToolAction[] = ['download', 'install', 'verify', 'rollback'];
const FORM = '"lull-tool 1 install", with download, verify and rollback where they are offered';

/** @throws UpdaterFailure TOOL_UNFIT, where it is not that line. */
export function offersOf(stdout: string, tool: string): Offers {
  const [line = '', ...more] = stdout.trimEnd().split('\n');
  const [magic, version, ...named] = line.trim().split(/\s+/);
  if (magic !== 'lull-tool' || more.length > 0) {
    const said = plain(stdout, 100);
    throw unfit(`"${tool} offers" has to print one line, ${FORM}, and printed "${said}"`);
  }
  if (version !== '1') {
    throw unfit(`${tool} speaks version ${plain(version ?? '?', 20)}, and this updater speaks 1`);
  }
  const unknown = named.find((each) => !isToolAction(each));
  if (unknown !== undefined) {
    throw unfit(`${tool} offers "${plain(unknown, 40)}"; there are ${toolActions.join(', ')}`);
  }
  if (!named.includes('install')) throw unfit(`${tool} does not offer install`);
  return new Set(named.filter(isToolAction));
}

export function isToolAction(text: string): text is ToolAction {
  return (toolActions as readonly string[]).includes(text);
}

/** What follows an action that is done; undefined: nothing, the update is complete. */
export function nextAfter(action: ToolAction, offers: Offers): ToolAction | undefined {
  if (action === 'download') return 'install';
  return action === 'install' && offers.has('verify') ? 'verify' : undefined;
}

function unfit(message: string): Error {
  return fail('TOOL_UNFIT', message);
}
