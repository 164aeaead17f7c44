// Writes down what this version writes and says, for those that come after it: once, before a version is
// released, from a build of it. What is there of a version that was released is never written again.
//
//   node dist/test/compatibility/main.js 0.2.0

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messagesOf } from '../../orchestrator/journal/message.js';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { messages, whatItSays, wholeJournal } from './samples.js';

const MESSAGE_BYTES_MAX = 2 ** 20;

const [version = ''] = process.argv.slice(2);
const directory = join(repositoryRoot(), 'test/compatibility', version);
if (!/^\d+\.\d+\.\d+$/.test(version) || existsSync(directory)) {
  process.stderr.write('name a version of which nothing is there yet: 0.2.0\n');
  process.exit(2);
}
mkdirSync(directory);

function put(name: string, value: unknown): void {
  writeFileSync(join(directory, name), `${JSON.stringify(value, undefined, 2)}\n`);
}

const journal = wholeJournal();
const stored = journal.map(({ sequence, atMs, body, hash }) => ({ sequence, atMs, body, hash }));
put('journal.json', stored);
put('world.json', whatItSays(journal));
put('messages.json', messages());
// As they lie in the stream of journals: all of an append in one.
const inStream = messagesOf(stored.slice(0, 2), MESSAGE_BYTES_MAX);
put(
  'stream.json',
  inStream.map((bytes) => Buffer.from(bytes).toString('utf8')),
);
const buf = join(repositoryRoot(), 'node_modules/.bin/buf');
const image = join(directory, 'proto.binpb');
execFileSync(buf, ['build', 'proto', '--exclude-source-info', '-o', image], {
  cwd: repositoryRoot(),
});
