// Ten thousand machines are told, and whoever leads them goes on meanwhile.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ListHostsResponse } from '../../proto/gen/lull/operator/v1/fleet.js';
import { partitionOf, partitions, subjects } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram, startNatsServer } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { openOperator, type OperatorUnderTest } from '../api/operator.testing.js';
import { PAGE_BYTES_MAX } from '../api/page.js';
import { marked } from '../link/say.nats.js';
import { listHosts } from './api.grpc.js';
import { serveCalls } from './calls.nats.js';

const MACHINES = 10_000;
const MS_MAX = 120_000;
const log = createLog('test', 'silent');
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;
/** With names as long as there are. */
const all = Array.from({ length: MACHINES }, (_, n) => `m${String(n)}-`.padEnd(63, 'x'));

let opened: CloseStack;
let operator: OperatorUnderTest;
let nats: Nats;
let toldCount: number;

function serve(partition: string, hosts: readonly string[]): void {
  const roomOf = () => {
    toldCount += 1;
    return { operator: operator.deps };
  };
  const isKnown = () => true;
  const calls = serveCalls({ nats, partition, roomOf, hosts: () => hosts, isKnown, log });
  opened.add(`calls of ${partition}`, calls);
}

/** As the command line does. */
async function everyMachine(): Promise<{ pages: ListHostsResponse[]; ids: string[] }> {
  const pages: ListHostsResponse[] = [];
  let pageToken = '';
  do {
    const page = await listHosts(nats, { pageSize: 0, pageToken });
    pages.push(page);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return { pages, ids: pages.flatMap(({ hosts }) => hosts.map(({ id }) => id)) };
}

describeHere(`a fleet of ten thousand machines${missing}`, () => {
  beforeEach(async () => {
    toldCount = 0;
    opened = new CloseStack(log);
    const directory = mkdtempSync(join(tmpdir(), 'lull-m-'));
    opened.add('directory', {
      close: () => {
        rmSync(directory, { recursive: true });
      },
    });
    const { url } = opened.add('server', await startNatsServer({ directory }));
    operator = opened.add('operator', await openOperator());
    nats = opened.add('nats', await connectNats({ url, name: 'both', log }));
  }, MS_MAX);
  afterEach(() => opened.close(), MS_MAX);

  test(
    'is told whole and in order, and little more is looked at than is told',
    async () => {
      for (const each of partitions)
        serve(
          each,
          all.filter((id) => partitionOf(id) === each),
        );
      const { pages, ids } = await everyMachine();
      expect(ids).toEqual([...all].sort());
      expect(pages.flatMap(({ unserved }) => unserved)).toEqual([]);
      for (const page of pages) {
        expect(ListHostsResponse.encode(page).finish().length).toBeLessThan(PAGE_BYTES_MAX);
      }
      expect(toldCount).toBeLessThan(2 * MACHINES);
    },
    MS_MAX,
  );

  test(
    'that are all of one partition is told whole, although no message would hold it',
    async () => {
      const [first = '', ...others] = partitions;
      serve(first, all);
      for (const each of others) serve(each, []);
      const { ids } = await everyMachine();
      expect(ids).toEqual([...all].sort());
      // An orchestrator of an earlier version asks for everything.
      const request = marked();
      request.set('lull-method', 'ListHosts');
      const asked = { timeout: MS_MAX, headers: request };
      const { data } = await nats.connection.request(subjects.ask(first), '', asked);
      expect(ListHostsResponse.decode(data).hosts.length).toBeGreaterThan(4_000);
    },
    MS_MAX,
  );

  test(
    'of which a part has no leader is told without it, and that is waited for once',
    async () => {
      const [first, ...others] = partitions;
      for (const each of others)
        serve(
          each,
          all.filter((id) => partitionOf(id) === each),
        );
      const beganAtMs = performance.now();
      const { pages, ids } = await everyMachine();
      expect(ids).toEqual(all.filter((id) => partitionOf(id) !== first).sort());
      expect(pages.every(({ unserved }) => unserved.join() === first)).toBe(true);
      // Five seconds for the first page, and as much as a busy machine needs for the rest.
      expect(performance.now() - beganAtMs).toBeLessThan(5_000 * (pages.length - 1));
    },
    MS_MAX,
  );
});
