// The contract is not TypeScript: an updater in Python, in the real sandbox, from scan to proof.

import { expect } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { pythonTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { startHaltingSource } from '../support/source.http.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, noticed } from '../support/story.js';
import { endsOf } from '../support/told.js';

const manifest = {
  entrypoint: ['python3', '-I', 'main.py'],
  runtime: 'host',
  settings: [
    { name: 'apps', kind: 'path', why: 'the application that is kept up to date' },
    { name: 'source', kind: 'url', why: 'where it comes from' },
  ],
  fetch: ['{source}'],
};

pythonTest('it finds, fetches, commits and verifies', () =>
  onStage(async (stage, apps) => {
    const source = await startHaltingSource(() => Buffer.from('#!/bin/sh\necho 2.0.0\n'));
    source.goOn();
    try {
      const download = source.file('hello');
      const behaviour = { to: '2.0.0', download };
      const running = await stage.start();
      const follower = stage.follow();
      await follower.report('away');
      const file = await stage.bundle('python', { manifest, behaviour });
      await enable(running, file, { apps, source: source.url });
      await noticed(follower, 'attempt 1 in Python 3');
      await ended(follower, 'verify', 'succeeded');
      expect(await versionOfApp(apps)).toBe('2.0.0');
      expect(endsOf(follower.facts)).toEqual([
        'scan succeeded',
        'download more_to_do',
        'install more_to_do',
        'verify succeeded',
      ]);
      expect(follower.facts.find(({ kind }) => kind === 'content.downloaded')).toMatchObject({
        sha256: download.sha256,
        cached: false,
      });
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    } finally {
      await source.close();
    }
  }),
);
