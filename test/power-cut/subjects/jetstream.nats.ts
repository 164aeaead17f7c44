// The journal on a real nats-server that keeps its streams on the rig's disk.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream as client, jetstreamManager } from '@nats-io/jetstream';
import { openJetStreamJournal } from '../../../orchestrator/journal/jetstream.js';
import { pause } from '../../../runtime/deadline.js';
import { createLog } from '../../../runtime/log.js';
import { startNatsServer } from '../../../runtime/nats-server.testing.js';
import { connectNats } from '../../../runtime/nats.js';
import { CloseStack } from '../../../runtime/shutdown.js';
import { journalSubject, type OpenJournal } from './journal.js';

/** A server is started for every image: fewer entries than where a file is opened. */
const ENTRIES = 8;
/** Its configuration and its log, which are not under test. */
const PLACES = '/dev/shm/lull-power-nats-';

const log = createLog('power-cut', 'error');

function opening(syncAlways: boolean): OpenJournal {
  return async (disk) => {
    const opened = new CloseStack(log);
    const directory = mkdtempSync(PLACES);
    opened.add('place', {
      close: () => {
        rmSync(directory, { recursive: true });
      },
    });
    try {
      const settings = { directory, storeDir: join(disk, 'js'), storeBytesMax: 8e6, syncAlways };
      const server = opened.add('server', await startNatsServer(settings));
      const nats = opened.add('NATS', await connectNats({ url: server.url, name: 'rig', log }));
      const { connection } = nats;
      const journal = await openJetStreamJournal({
        ...{ js: client(connection), jsm: await jetstreamManager(connection), pause },
        ...{ partition: 'p0', replicaCount: 1, mayCreate: true },
        payloadBytesMax: connection.info?.max_payload ?? 0,
      });
      opened.add('journal', journal);
      return { ...journal, close: () => opened.close() };
    } catch (error) {
      await opened.close();
      throw error;
    }
  };
}

/** With `sync_interval: always`, which Lull asks of a server. */
export const jetstream = journalSubject(opening(true), ENTRIES);
/** As a server is by itself: it acknowledges what it has not synced, and the rig has to catch it. */
export const carelessJetstream = journalSubject(opening(false), ENTRIES);
