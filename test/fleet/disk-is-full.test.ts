// The disk under a server's streams has no room, as a disk says it and not as a setting does.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { chainEntry, genesis, type Head } from '../../orchestrator/journal/chain.js';
import { openJournalOn } from '../../orchestrator/journal/open.jetstream.js';
import { createLog } from '../../runtime/log.js';
import { startNatsServer } from '../../runtime/nats-server.testing.js';
import { connectNats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { natsDiskTest } from '../support/confinement.js';

const DISK = 'size=12m';
const MORE_BYTES = 20_000_000;
const log = createLog('test', 'silent');

natsDiskTest(
  'an entry is refused, and nothing else is: it is taken when there is room, and what was there is whole',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lull-d-'));
    const disk = join(directory, 'disk');
    const ballast = join(disk, 'ballast');
    const opened = new CloseStack(log);
    try {
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', DISK, 'none', disk]);
      opened.add('disk', { close: () => void execFileSync('umount', [disk]) });
      const settings = { directory, storeDir: join(disk, 'js') };
      const server = opened.add('server', await startNatsServer(settings));
      const { url } = server;
      const nats = opened.add('NATS', await connectNats({ url, name: 'test', log }));
      const how = { partition: 'p0', log, replicaCount: 1, allowLossy: false, mayCreate: true };
      const journal = await openJournalOn(nats.connection, how);
      let head: Head = genesis;
      const append = async (): Promise<void> => {
        const fact = { kind: 'run.notice', runId: 'run-1', message: 'x'.repeat(100_000) } as const;
        const { sequence, atMs, body, hash } = chainEntry(head, 1_000, fact);
        await journal.append([{ sequence, atMs, body, hash }]);
        head = { sequence, hash };
      };
      await append();
      expect(() => {
        writeFileSync(ballast, Buffer.alloc(MORE_BYTES));
      }).toThrow('ENOSPC');
      await expect(append()).rejects.toMatchObject({ code: 'NO_SPACE' });
      await expect(append()).rejects.toMatchObject({ code: 'NO_SPACE' });
      rmSync(ballast);
      await append();
      await server.kill();
      await server.start();
      const again = opened.add('NATS again', await connectNats({ url, name: 'again', log }));
      expect(await (await openJournalOn(again.connection, how)).head()).toEqual(head);
      expect(head.sequence).toBe(2);
    } finally {
      await opened.close();
      rmSync(directory, { recursive: true });
    }
  },
);
