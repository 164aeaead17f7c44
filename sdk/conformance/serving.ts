// Clauses about a launch: it serves in time, says who it is, and ends when it is told to.

import { status } from '@grpc/grpc-js';
import { hold, manifest, power, type Clause } from './clause.js';
import { within } from './patience.js';
import { describeOnce } from './trial.js';

const READY_MS_MAX = 10_000;
const STOP_MS_MAX = 5_000;
const AT_ONCE = 8;
const NAME = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;
const NAME_BYTES_MAX = 63;
const SOFTWARE_MAX = 64;

export const serving: readonly Clause[] = [
  {
    id: 'serve.in-time',
    says: 'The updater is ready when its health service answers SERVING for the name "". It has 10 s.',
    needs: [power('launch')],
    try: async (trial) => {
      const { readyMs } = await (await trial.open()).launch();
      hold(readyMs <= READY_MS_MAX, `it served after ${String(Math.round(readyMs))} ms`);
    },
  },
  {
    id: 'serve.sigterm',
    says: 'The updater MUST end within 5 s of a SIGTERM.',
    needs: [power('terminate')],
    try: async (trial) => {
      const launch = await (await trial.open()).launch();
      const isHeard = launch.terminate();
      hold(
        isHeard,
        'it does not handle SIGTERM: as the first process of a sandbox it never gets it',
      );
      const exit = await within(launch.exited, STOP_MS_MAX);
      hold(exit !== undefined, 'it was still there 5 s after SIGTERM');
      const how = exit.signal ?? `exit code ${String(exit.code)}`;
      hold(exit.code === 0 || exit.signal === 'SIGTERM', `it ended with ${how} after SIGTERM`);
    },
  },
  {
    id: 'describe.manifest',
    says: 'name MUST equal the manifest’s id, and version the manifest’s version.',
    needs: [manifest],
    try: async (trial) => {
      const { name, version } = await trial.described();
      const { id = '', version: declared = '' } = trial.subject.claims ?? {};
      hold(name === id, `it is called ${name}, the manifest’s id is ${id}`);
      hold(version === declared, `it is version ${version}, the manifest says ${declared}`);
    },
  },
  {
    id: 'describe.form',
    says: 'Reverse DNS, at most 63 bytes; at most 64 of software; a capability has a kind, and parallel runs_max of at least 2.',
    try: async (trial) => {
      const { name, version, software, capabilities } = await trial.described();
      hold(NAME.test(name), `its name "${name}" is no reverse DNS`);
      hold(Buffer.byteLength(name) <= NAME_BYTES_MAX, `its name has more than 63 bytes`);
      hold(version !== '', 'it has no version');
      hold(software.length <= SOFTWARE_MAX, `it names ${String(software.length)} of software`);
      for (const { kind } of capabilities) {
        hold(kind !== undefined, 'it claims a capability that is not of this contract');
        if (kind.$case === 'parallel')
          hold(kind.value.runsMax >= 2, 'it claims parallel with fewer than 2');
      }
    },
  },
  {
    id: 'describe.claims',
    says: 'What Describe claims, the manifest declares: rollback and verify are actions of it.',
    needs: [manifest],
    try: async (trial) => {
      const { capabilities } = await trial.described();
      const actions: readonly string[] = trial.subject.claims?.actions ?? [];
      for (const { kind } of capabilities) {
        const claim = kind?.$case ?? '';
        if (!['rollback', 'verify'].includes(claim)) continue;
        hold(actions.includes(claim), `it claims ${claim}, which the manifest does not declare`);
      }
    },
  },
  {
    id: 'describe.same',
    says: 'Every instance of a version MUST give the same answer. MUST be side-effect free.',
    try: async (trial) => {
      const first = JSON.stringify(await trial.described());
      const scene = await trial.open();
      const before = await scene.digest();
      const all = await Promise.all(Array.from({ length: AT_ONCE }, () => describeOnce(scene)));
      const again = await describeOnce(scene);
      const other = [...all, again]
        .map((each) => JSON.stringify(each))
        .find((each) => each !== first);
      hold(other === undefined, `it said ${first}, and then ${other ?? ''}`);
      hold(scene.host.calls.length === 0, `it called the host: ${scene.host.calls.join(', ')}`);
      hold((await scene.digest()) === before, 'a root was changed');
    },
  },
  {
    id: 'describe.unknown-call',
    says: 'Answer UNIMPLEMENTED to what you do not offer.',
    try: async (trial) => {
      const scene = await trial.open();
      const { client, exit } = await scene.launch();
      const code = await new Promise<status>((resolve) => {
        const path = '/lull.updater.v1.UpdaterService/OfATimeToCome';
        const same = (bytes: Buffer): Buffer => bytes;
        client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error) => {
          resolve(error?.code ?? status.OK);
        });
      });
      hold(exit() === undefined, 'it ended');
      hold(code === status.UNIMPLEMENTED, `it answered ${status[code]}`);
    },
  },
];
