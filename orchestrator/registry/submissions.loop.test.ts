// How much one caller may submit, whatever others do meanwhile.

import { beforeEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import { SUBMISSION_QUOTA } from '../journal/fact-quota.js';
import { socketOwner, type Caller } from '../trust/caller.js';
import { boundSubmissions, type Submissions } from './submissions.loop.js';

const acme: Caller = { role: 'vendor', name: 'acme' };
const rival: Caller = { role: 'vendor', name: 'rival' };
const MINUTE_MS = 60_000;

let clock: VirtualClock;
let submissions: Submissions;

beforeEach(() => {
  clock = new VirtualClock();
  submissions = boundSubmissions(clock);
});

function refused(bytes = 0): Fact {
  const of = { id: 'com.acme.tool', version: '1.0.0', code: 'MANIFEST_INVALID' } as const;
  return { kind: 'updater.refused', ...of, message: 'x'.repeat(bytes) };
}

test('who has used up its bytes by few submissions is not heard, also while others submit', () => {
  submissions.charge(acme, [refused(SUBMISSION_QUOTA.bytes)]);
  for (let minutes = 0; minutes < 6 * 60; minutes += 10) {
    expect(() => {
      submissions.admit(acme);
    }).toThrow('vendor acme has made more than 500 submissions or 50.0 MB a day');
    submissions.charge(rival, [refused()]);
    clock.advance(10 * MINUTE_MS);
  }
  clock.advance(MINUTE_MS);
  submissions.admit(acme);
});

test('what was used is not forgotten before all of it is there again', () => {
  submissions.charge(acme, [refused(SUBMISSION_QUOTA.bytes - 1_000)]);
  clock.advance(10 * MINUTE_MS);
  submissions.charge(rival, [refused()]);
  submissions.admit(acme);
  submissions.charge(acme, [refused(SUBMISSION_QUOTA.bytes / 2)]);
  expect(() => {
    submissions.admit(acme);
  }).toThrow('vendor acme');
});

test('who owns the socket is heard however often', () => {
  for (let at = 0; at < 2 * SUBMISSION_QUOTA.entries; at += 1) {
    submissions.charge(socketOwner, [refused()]);
    submissions.admit(socketOwner);
  }
});
