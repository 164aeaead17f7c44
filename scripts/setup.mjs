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
// Works in a fresh clone, so it imports Node's own modules and its neighbours only. Each step looks at
// what it would make and does nothing when that is there already.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, bundle, generateCode, installDependencies } from './build.mjs';
import { reportFailure, root } from './steps.mjs';
import * as needs from './test-needs.mjs';

const flags = new Set(process.argv.slice(2));
const options = { quiet: flags.has('--quiet') };

requireNode();
try {
  await installDependencies(options);
  await generateCode(options);
  await build(options);
  await bundle(options);
  if (flags.has('--with-runc') || flags.has('--try-runc')) await installRunc();
  if (flags.has('--try-runc')) await needs.installOtherWays(options);
  if (flags.has('--try-sensors')) await needs.installSensors(options);
  if (flags.has('--try-python')) await needs.installPython(options);
  if (flags.has('--try-nats')) await needs.installNats(options);
  if (flags.has('--try-docker')) await needs.installDocker(options);
  if (flags.has('--try-promtool')) await needs.installPromtool(options);
  if (flags.has('--try-machine')) await needs.installMachine(options);
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

async function installRunc() {
  const missing = await needs.installRunc(options);
  if (missing === undefined) return;
  if (!flags.has('--try-runc')) fail(missing);
  console.error(`! ${missing} Tests that need a sandbox are skipped.`);
}

function fail(message) {
  console.error(`✗ ${message}`);
  process.exit(1);
}
