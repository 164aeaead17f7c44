// What single tests need of a machine: installed, or fetched below dist/tools, where that is possible. Where it
// is not, a line says what is missing, and those tests skip themselves.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { whyNotInstalled } from './debian-packages.mjs';
import { fetchProgram } from './later-debian.mjs';
import { machinePrograms, makeMachine, missingForMachine } from './machine-image.mjs';
import { fetchNatsServer, findNatsServer } from './nats-server.mjs';
import { findProgram, root } from './steps.mjs';

/** @returns what is to be said where it cannot be had, or undefined. */
export async function installRunc(options) {
  if (findProgram('runc') !== undefined) return undefined;
  const why = await whyNotInstalled(['runc'], options);
  return why === undefined ? undefined : `runc is missing${why}`;
}

export async function installOtherWays(options) {
  if (findProgram('newuidmap') === undefined)
    await tryInstall(['uidmap'], 'Lull without root', options);
  if (findProgram('crun') === undefined) await tryInstall(['crun'], 'another OCI runtime', options);
  if (findProgram('curl') === undefined) await tryInstall(['curl'], 'tools in shell', options);
}

export async function installSensors(options) {
  const mock = '/usr/lib/python3/dist-packages/dbusmock';
  const hasBus = findProgram('dbus-daemon') !== undefined && existsSync(mock);
  if (!hasBus) await tryInstall(['dbus-daemon', 'python3-dbusmock'], 'D-Bus', options);
  const desktop = { Xvfb: 'xvfb', mutter: 'mutter', xdotool: 'xdotool' };
  const isMissing = (program) => findProgram(program) === undefined;
  if (Object.keys(desktop).some(isMissing))
    await tryInstall(Object.values(desktop), 'a desktop', options);
}

async function tryInstall(packages, what, options) {
  const why = await whyNotInstalled(packages, options);
  if (why === undefined) return;
  console.error(`! not all of ${packages.join(', ')} is there${why} Tests of ${what} are skipped.`);
}

export async function installPython(options) {
  if (existsSync('/usr/lib/python3/dist-packages/grpc')) return;
  await tryInstall(['python3-grpcio', 'python3-protobuf'], 'an updater in Python', options);
}

export async function installDocker(options) {
  const packages = ['docker.io', 'docker-compose'];
  if (findProgram('dockerd') === undefined) await tryInstall(packages, 'containers', options);
  const to = join(root, 'dist/tools/docker-compose');
  const path = 'usr/libexec/docker/cli-plugins/docker-compose';
  if (existsSync(to)) return;
  const why = await whyNot(fetchProgram({ name: 'docker-compose', path, to }, options));
  if (why === undefined) return;
  console.error(
    `! docker-compose 2 is not there (${why}). Tests of docker-compose.yml are skipped.`,
  );
}

export async function installPromtool(options) {
  const to = join(root, 'dist/tools/promtool');
  if (findProgram('promtool') !== undefined || existsSync(to)) return;
  const why = await whyNot(
    fetchProgram({ name: 'promtool', path: 'usr/bin/promtool', to }, options),
  );
  if (why === undefined) return;
  console.error(`! promtool is not there (${why}). Tests of what Prometheus is told are skipped.`);
}

export async function installMachine(options) {
  const what = 'a machine of their own';
  if (missingForMachine().length > 0)
    await tryInstall(Object.values(machinePrograms), what, options);
  if (missingForMachine().length > 0) return;
  const why = await whyNot(makeMachine(options));
  if (why === undefined) return;
  console.error(`! no whole machine can be had (${why}). Tests of ${what} are skipped.`);
}

export async function installNats(options) {
  if ((await findNatsServer()) !== undefined) return;
  const why = await whyNot(fetchNatsServer(options));
  if (why === undefined) return;
  console.error(
    `! nats-server 2.10 or newer is not there (${why}): name one in NATS_SERVER. Tests of fleets are skipped.`,
  );
}

/** @returns what a step that fetches answered, or why it failed. */
function whyNot(fetching) {
  return fetching.catch((error) => error.output?.trim().split('\n').at(-1) ?? error.message);
}
