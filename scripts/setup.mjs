// Makes a checkout ready to run: dependencies, generated code, build, bundles, the sandbox's runtime.
//
//   node scripts/setup.mjs [--with-runc | --try-runc] [--try-sensors] [--try-python] [--try-nats]
//                          [--try-docker] [--try-promtool] [--try-machine] [--quiet]
//
//   --with-runc  install runc where it is missing and may be installed; otherwise say so and fail
//   --try-runc   the same, but only warn: tests that need a sandbox skip themselves without it; and install
//                what those without root need (uidmap), and another runtime (crun)
//   --try-sensors  install what the tests of sensors need: a bus with mocked services (dbus-daemon,
//                python3-dbusmock) and a desktop without a screen (xvfb, mutter, xdotool); only warn
//                where that cannot be had: those tests skip themselves without it
//   --try-python  install what the updater in Python needs (python3-grpcio, python3-protobuf); only
//                warn where it cannot be had: its test skips itself without it
//   --try-nats   find or fetch what tests of fleets need (nats-server 2.10 or newer); only warn where it
//                cannot be had: those tests skip themselves without it
//   --try-docker  install what tests in containers need (docker.io, docker-compose) and fetch the later
//                docker-compose that `docker compose` is; only warn where it cannot be had
//   --try-promtool  find or fetch promtool, which says what Prometheus makes of its configuration and of the
//                dashboards; only warn where it cannot be had: those tests skip themselves without it
//   --try-machine  install what boots a whole machine (qemu-system-x86, mmdebstrap), and make its disk; only
//                warn where it cannot be had: its tests skip themselves without it
//   --quiet      print nothing but problems
//
// Works in a fresh clone, so it imports Node's own modules and its neighbour only. Each step looks at
// what it would make and does nothing when that is there already.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchProgram } from './later-debian.mjs';
import { machinePrograms, makeMachine, missingForMachine } from './machine-image.mjs';
import { fetchNatsServer, findNatsServer } from './nats-server.mjs';
import { filesBelow, findProgram, reportFailure, root, runStep } from './steps.mjs';

const flags = new Set(process.argv.slice(2));
const quiet = flags.has('--quiet');
const stampPath = join(root, 'dist/.setup.json');

requireNode();
try {
  await installDependencies();
  await generateCode();
  await build();
  if (flags.has('--with-runc') || flags.has('--try-runc')) await installRunc();
  if (flags.has('--try-runc')) await installOtherWays();
  if (flags.has('--try-sensors')) await installSensors();
  if (flags.has('--try-python')) await installPython();
  if (flags.has('--try-nats')) await installNats();
  if (flags.has('--try-docker')) await installDocker();
  if (flags.has('--try-promtool')) await installPromtool();
  if (flags.has('--try-machine')) await installMachine();
} catch (error) {
  reportFailure(error);
  process.exit(1);
}

/** Refuses a Node.js that is too old, or not on Linux, before anything fails in a stranger way. */
function requireNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wanted = engines.node.replace('>=', '').split('.').map(Number);
  const have = process.versions.node.split('.').map(Number);
  const older = have[0] < wanted[0] || (have[0] === wanted[0] && have[1] < wanted[1]);
  if (older) {
    fail(`Lull needs Node.js ${engines.node}, this is ${process.version}. Install a newer one.`);
  }
  if (process.platform !== 'linux') {
    fail(`Lull runs on Linux; this is ${process.platform}. Use a Linux machine or a virtual one.`);
  }
}

async function installDependencies() {
  if (dependenciesAreCurrent()) return;
  // npm says in npm_execpath which npm called us: the one to go on with.
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith('.js') ? [process.execPath, npm] : [npm ?? 'npm'];
  await runStep('installing dependencies', [...command, 'ci', '--ignore-scripts'], { quiet });
}

/** Whether what npm says it installed is what the lockfile wants; packages of other platforms aside. */
function dependenciesAreCurrent() {
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (installed === undefined) return false;
  const wanted = Object.entries(readJson('package-lock.json').packages);
  return wanted.every(([path, { integrity, optional }]) => {
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? optional === true : found.integrity === integrity;
  });
}

async function generateCode() {
  const digest = digestOf([
    ...filesBelow('proto', (path) => path.endsWith('.proto') || path.endsWith('.yaml')),
    'node_modules/ts-proto/package.json',
    'node_modules/@bufbuild/buf/package.json',
  ]);
  if (readStamp().generated === digest && existsSync(join(root, 'proto/gen/lull'))) return;
  const buf = join(root, 'node_modules/.bin/buf');
  await runStep('generating code from proto/', [buf, 'generate'], { quiet, cwd: 'proto' });
  writeStamp({ generated: digest });
}

async function build() {
  const sources = digestOf(filesBelow('.', (path) => /\.(ts|mjs|json)$/.test(path)));
  const digest = `${sources} ${readStamp().generated}`;
  const bundler = existsSync(join(root, 'updaters/bundle.mjs'));
  const bundled = !bundler || existsSync(join(root, 'dist/updaters/npm/bundle/main.mjs'));
  if (readStamp().built === digest && existsSync(join(root, 'dist/test')) && bundled) return;
  const node = process.execPath;
  await runStep('building', [node, 'node_modules/typescript/bin/tsc', '-b'], { quiet });
  removeOrphans();
  if (bundler) {
    await runStep('bundling the npm updater', [node, 'updaters/bundle.mjs', 'npm'], { quiet });
  }
  writeStamp({ built: digest });
}

/** Removes what was built from sources that are gone: jest would go on running their tests. */
function removeOrphans() {
  for (const path of filesBelow('dist', (each) => /\.(js|js\.map|d\.ts)$/.test(each))) {
    const source = path.replace(/^dist\//, '').replace(/\.(js|js\.map|d\.ts)$/, '.ts');
    if (!existsSync(join(root, source))) rmSync(join(root, path));
  }
}

async function installRunc() {
  if (findProgram('runc') !== undefined) return;
  const why = await whyNotInstalled(['runc']);
  if (why !== undefined) withoutRunc(`runc is missing${why}`);
}

async function installOtherWays() {
  if (findProgram('newuidmap') === undefined) await tryInstall(['uidmap'], 'Lull without root');
  if (findProgram('crun') === undefined) await tryInstall(['crun'], 'another OCI runtime');
}

async function installSensors() {
  const mock = '/usr/lib/python3/dist-packages/dbusmock';
  const hasBus = findProgram('dbus-daemon') !== undefined && existsSync(mock);
  if (!hasBus) await tryInstall(['dbus-daemon', 'python3-dbusmock'], 'D-Bus');
  const desktop = { Xvfb: 'xvfb', mutter: 'mutter', xdotool: 'xdotool' };
  const isMissing = (program) => findProgram(program) === undefined;
  if (Object.keys(desktop).some(isMissing)) await tryInstall(Object.values(desktop), 'a desktop');
}

async function tryInstall(packages, what) {
  const why = await whyNotInstalled(packages);
  if (why === undefined) return;
  console.error(`! not all of ${packages.join(', ')} is there${why} Tests of ${what} are skipped.`);
}

async function installPython() {
  if (existsSync('/usr/lib/python3/dist-packages/grpc')) return;
  await tryInstall(['python3-grpcio', 'python3-protobuf'], 'an updater in Python');
}

async function installDocker() {
  const packages = ['docker.io', 'docker-compose'];
  if (findProgram('dockerd') === undefined) await tryInstall(packages, 'containers');
  const to = join(root, 'dist/tools/docker-compose');
  const path = 'usr/libexec/docker/cli-plugins/docker-compose';
  if (existsSync(to)) return;
  const why = await whyNot(fetchProgram({ name: 'docker-compose', path, to }, { quiet }));
  if (why === undefined) return;
  console.error(
    `! docker-compose 2 is not there (${why}). Tests of docker-compose.yml are skipped.`,
  );
}

async function installPromtool() {
  const to = join(root, 'dist/tools/promtool');
  if (findProgram('promtool') !== undefined || existsSync(to)) return;
  const why = await whyNot(
    fetchProgram({ name: 'promtool', path: 'usr/bin/promtool', to }, { quiet }),
  );
  if (why === undefined) return;
  console.error(`! promtool is not there (${why}). Tests of what Prometheus is told are skipped.`);
}

async function installMachine() {
  const what = 'a machine of their own';
  if (missingForMachine().length > 0) await tryInstall(Object.values(machinePrograms), what);
  if (missingForMachine().length > 0) return;
  const why = await whyNot(makeMachine({ quiet }));
  if (why === undefined) return;
  console.error(`! no whole machine can be had (${why}). Tests of ${what} are skipped.`);
}

async function installNats() {
  if ((await findNatsServer()) !== undefined) return;
  const why = await whyNot(fetchNatsServer({ quiet }));
  if (why === undefined) return;
  console.error(
    `! nats-server 2.10 or newer is not there (${why}): name one in NATS_SERVER. Tests of fleets are skipped.`,
  );
}

/** @returns what a step that fetches answered, or why it failed. */
function whyNot(fetching) {
  return fetching.catch((error) => error.output?.trim().split('\n').at(-1) ?? error.message);
}

/** Installs packages with apt. @returns undefined when that worked, or the rest of a sentence. */
async function whyNotInstalled(packages) {
  const aptGet = findProgram('apt-get');
  const names = packages.join(' ');
  if (aptGet === undefined) return `: install your distribution's package ${names} as root.`;
  if (process.getuid() !== 0) return `: install it as root (apt-get install ${names}).`;
  const options = { quiet, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = [aptGet, 'install', '-y', '--no-install-recommends', ...packages];
  try {
    await runStep(`installing ${names}`, install, options);
  } catch {
    // The lists of packages may be absent or old, as in a fresh container.
    try {
      await runStep('refreshing the lists of packages', [aptGet, 'update'], options);
      await runStep(`installing ${names}`, install, options);
    } catch (error) {
      const why = error.output.trim().split('\n').at(-1);
      return ` and apt-get could not install it (${why}): install ${names}.`;
    }
  }
  return undefined;
}

function withoutRunc(message) {
  if (!flags.has('--try-runc')) fail(message);
  console.error(`! ${message} Tests that need a sandbox are skipped.`);
}

function fail(message) {
  console.error(`✗ ${message}`);
  process.exit(1);
}

function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of [...paths].sort()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch (error) {
    // Absent or half-written: the step that makes it runs again.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readStamp() {
  return readJson('dist/.setup.json') ?? {};
}

function writeStamp(change) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampPath, JSON.stringify({ ...readStamp(), ...change }));
}
