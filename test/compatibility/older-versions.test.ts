// A new version finds what older ones have written, and is told what older ones say.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { genesis, verifyChain, type StoredEntry } from '../../orchestrator/journal/chain.js';
import { factKinds } from '../../orchestrator/journal/fact-kinds.js';
import { entriesIn } from '../../orchestrator/journal/message.js';
import { parseEntry } from '../../orchestrator/world/entry-log.loop.js';
import { everyFact } from '../../orchestrator/world/partition-story.testing.js';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { jsonOf, messages, whatItSays, type Message } from './samples.js';

const here = join(repositoryRoot(), 'test/compatibility');
const versions = readdirSync(here).filter((name) => /^\d+\.\d+\.\d+$/.test(name));

function read(version: string, name: string): unknown {
  return JSON.parse(readFileSync(join(here, version, name), 'utf8'));
}

test('there is something of the first version', () => {
  expect(versions).toContain('0.1.0');
});

test('every kind of fact that this version knows has samples, which the next one will find', () => {
  expect([...new Set(everyFact.map(({ kind }) => kind))].sort()).toEqual([...factKinds].sort());
});

describe.each(versions)('what %s has left', (version) => {
  const journal = read(version, 'journal.json') as StoredEntry[];

  test('its journal verifies, and says what it said', () => {
    expect(verifyChain(genesis, journal)).toMatchObject({ kind: 'whole' });
    expect(whatItSays(journal.map(parseEntry))).toEqual(read(version, 'world.json'));
  });

  test('its messages in the stream of journals are entries', () => {
    const found = (read(version, 'stream.json') as string[]).flatMap((text) =>
      entriesIn(Buffer.from(text)),
    );
    expect(found).toEqual(journal.slice(0, found.length));
  });

  test('its messages between machines mean what they meant', () => {
    const said = read(version, 'messages.json') as Message[];
    // What came later has its default.
    expect(said.map(jsonOf)).toMatchObject(said.map(({ json }) => json as object));
    expect(said.length).toBeGreaterThanOrEqual(15);
  });
});

test('what a newer version adds to a message is passed over', () => {
  const [hello] = messages();
  if (hello === undefined) throw new Error('there are no messages');
  // A field of a number that nobody has used: 1000, a text.
  const added = Buffer.concat([
    Buffer.from(hello.base64, 'base64'),
    Buffer.from('c23e026869', 'hex'),
  ]);
  expect(jsonOf({ type: 'Up', base64: added.toString('base64') })).toEqual(hello.json);
});
