// What restrains is heard before it is in the fleet's journal, and let go of when that says it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { subjects } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram, startNatsServer } from '../../runtime/nats-server.testing.js';
import { connectNats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { chainEntry, genesis, type Entry } from '../journal/chain.js';
import { say } from '../link/say.nats.js';
import type { Restraint } from '../world/restraints.js';
import { hearRestraints } from './restraints.nats.js';

const MS_MAX = 60_000;
const log = createLog('test', 'silent');
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;

function trip(why: string): Restraint {
  return { kind: 'switch.tripped', why, untilMs: 5, actor: 'operator' };
}

describeHere(`a restraint${missing}`, () => {
  test(
    'that comes when its entry has been is not in force for ever',
    async () => {
      const opened = new CloseStack(log);
      const directory = mkdtempSync(join(tmpdir(), 'lull-r-'));
      opened.add('directory', {
        close: () => {
          rmSync(directory, { recursive: true });
        },
      });
      const { url } = opened.add('server', await startNatsServer({ directory }));
      const nats = opened.add('nats', await connectNats({ url, name: 'both', log }));
      const entries: Entry[] = [];
      const listeners = new Set<(entry: Entry) => void>();
      const imposed: Restraint[] = [];
      const onEntry = (listener: (entry: Entry) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      };
      const heard = opened.add(
        'restraints',
        hearRestraints(nats, { entries, onEntry }, (each) => imposed.push(each), log),
      );
      const orders = [trip('early'), trip('late')] as const;
      const record = (fact: Restraint): void => {
        const entry = chainEntry(entries.at(-1) ?? genesis, 1_000, fact);
        entries.push(entry);
        for (const listener of listeners) listener(entry);
      };
      const tell = (fact: Restraint): void => {
        say(nats.connection, subjects.restrain, Buffer.from(JSON.stringify(fact)));
      };
      tell(orders[0]);
      await until('the first', () => imposed.length === 1);
      expect([...heard.unrecorded()]).toEqual([orders[0]]);
      record(orders[0]);
      record(orders[1]);
      tell(orders[1]);
      const last = trip('last');
      tell(last);
      await until('another one', () => imposed.length > 1);
      expect(imposed).toEqual([orders[0], last]);
      expect([...heard.unrecorded()]).toEqual([last]);
      await opened.close();
    },
    MS_MAX,
  );
});
