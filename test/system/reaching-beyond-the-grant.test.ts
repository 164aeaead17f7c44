import { describe, expect } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Follower } from '../../harness/follow.grpc.js';
import { startTestRegistry } from '../../updaters/npm/testing/registry.http.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { programPackage } from '../support/npm-scene.js';
import { openStage, type FixtureOptions } from '../support/stage.js';
import { auditIsWhole, enable, ended, outcomeOf } from '../support/story.js';
import { countOf, reasonWith } from '../support/told.js';

const source = { name: 'source', kind: 'url', why: 'where content comes from' };
const apps = { name: 'apps', kind: 'path', why: 'the application' };

describe('an updater that reaches', () => {
  sandboxTest('for a host that was not granted is refused, and the audit says so', async () => {
    const [granted, other] = [await startSite(), await startSite()];
    const byName = `http://localhost:${String(granted.port)}/`;
    try {
      const options = {
        manifest: { egress: ['{source}'], settings: [source, apps] },
        behaviour: { egress: [granted.url, other.url, byName] },
      };
      await withFixture('reaching', options, granted.url, async (follower) => {
        await ended(follower, 'download', 'succeeded');
        const { facts } = follower;
        const said = facts.filter(({ kind }) => kind === 'run.notice');
        expect(said.map(({ message }) => message)).toEqual([
          'traceparent none',
          `egress ${granted.url} 200`,
          `egress ${other.url} GRANT_MISSING`,
          `egress ${byName} GRANT_MISSING`,
        ]);
        const seen = facts.filter(({ kind }) => kind === 'egress.seen');
        const told = seen.map(({ host, port, allowed }) => ({ host, port, allowed }));
        expect(told).toHaveLength(3);
        expect(told).toContainEqual({ host: '127.0.0.1', port: granted.port, allowed: true });
        expect(told).toContainEqual({ host: '127.0.0.1', port: other.port, allowed: false });
        expect(told).toContainEqual({ host: 'localhost', port: granted.port, allowed: false });
      });
      expect(granted.requests).toEqual(['/']);
      expect(other.requests).toEqual([]);
    } finally {
      await granted.close();
      await other.close();
    }
  });

  sandboxTest(
    'for content outside of its grant gets none, and its update is given up',
    async () => {
      const [granted, other] = [await startSite(), await startSite()];
      try {
        const options = {
          manifest: { fetch: ['{source}'], settings: [source, apps] },
          behaviour: { download: { url: other.url, sha256: '0'.repeat(64), sizeBytes: 2 } },
        };
        await withFixture(
          'program',
          options,
          granted.url,
          async (follower, { explained, whole }) => {
            const failed = await ended(follower, 'download', 'failed');
            expect(outcomeOf(failed)).toMatchObject({ code: 'GRANT_MISSING', retry: false });
            expect(await explained('GAVE_UP')).toContain('url');
            expect(countOf(follower.facts, 'content.downloaded')).toBe(0);
            expect(await whole()).toBe(true);
          },
        );
        expect([...granted.requests, ...other.requests]).toEqual([]);
      } finally {
        await granted.close();
        await other.close();
      }
    },
  );

  sandboxTest('for content that never ends is given none of it', async () => {
    const registry = await startTestRegistry([programPackage('hello', '1.0.0')]);
    try {
      const [[path, bytes] = ['', Buffer.alloc(0)]] = registry.tarballs;
      registry.faults.set(path, 'endless');
      const url = registry.url + path;
      const options = {
        manifest: { fetch: ['{source}'], settings: [source, apps] },
        behaviour: { download: { url, sha256: '0'.repeat(64), sizeBytes: bytes.byteLength } },
      };
      await withFixture('program', options, registry.url, async (follower) => {
        const failed = await ended(follower, 'download', 'failed');
        expect(outcomeOf(failed)).toMatchObject({ code: 'DIGEST_MISMATCH', retry: false });
        expect(outcomeOf(failed).message).toContain('all that was ordered');
        expect(countOf(follower.facts, 'content.downloaded')).toBe(0);
      });
    } finally {
      await registry.close();
    }
  });
});

interface Asking {
  /** The words of the reason with this code. */
  readonly explained: (code: string) => Promise<string>;
  /** Whether the audit verifies. */
  readonly whole: () => Promise<boolean>;
}

/** Lets a fixture do what it does while nobody is there. Its application stays as it was. */
async function withFixture(
  name: string,
  options: FixtureOptions,
  sourceUrl: string,
  look: (follower: Follower, asking: Asking) => Promise<void>,
): Promise<void> {
  const stage = openStage();
  try {
    const directory = installApp(join(stage.directory, 'apps'), '1.0.0');
    const running = await stage.start();
    const follower = stage.follow();
    await follower.report('away');
    const file = await stage.bundle(name, options);
    await enable(running, file, { apps: directory, source: sourceUrl });
    await look(follower, {
      explained: async (code) => (await reasonWith(running, code)).message,
      whole: () => auditIsWhole(running),
    });
    expect(await versionOfApp(directory)).toBe('1.0.0');
  } finally {
    await stage.close();
  }
}

interface Site {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly string[];
  close(): Promise<void>;
}

async function startSite(): Promise<Site> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    port,
    requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
