// docker-compose.yml as it is written: who is given which keys. What comes of it is tried in test/containers.

import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { repositoryRoot } from '../architecture/tree.fs.js';

interface Service {
  readonly volumes?: readonly string[];
}

const text = readFileSync(join(repositoryRoot(), 'docker-compose.yml'), 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };

/** The volumes with keys of each service that has some. */
const keysOf = Object.entries(services).flatMap(([name, { volumes = [] }]) => {
  const theirs = volumes.filter((each) => /^(?:authority|keys)\b/.test(each));
  return theirs.length === 0 ? [] : [[name, theirs] as const];
});

test('each holder is given its own keys to read, and the authority is with nobody who stays', () => {
  expect(Object.fromEntries(keysOf.filter(([name]) => name !== 'keys'))).toEqual({
    nats: ['keys-nats:/keys/nats-server:ro'],
    'orchestrator-a': ['keys-orchestrator-a:/keys/orchestrator-a:ro'],
    'orchestrator-b': ['keys-orchestrator-b:/keys/orchestrator-b:ro'],
    machine: ['keys-machine:/keys/host-machine:ro'],
  });
});

test('whoever makes the keys has a place for those of each holder, in the volume of that one', () => {
  const [, made = []] = keysOf.find(([name]) => name === 'keys') ?? [];
  const given = keysOf.filter(([name]) => name !== 'keys').flatMap(([, theirs]) => theirs);
  expect([...made].sort()).toEqual(
    ['authority:/keys', ...given.map((each) => each.replace(/:ro$/, ''))].sort(),
  );
});
