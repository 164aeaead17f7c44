// A whole machine for the tests that want one: Debian on a disk image, with systemd as its first process,
// control groups of version 2 alone, a keyboard, a person without a password, and a door for the tests.
//
// It is made below dist/tools/machine, with apt's own signed lists, and kept until this file changes.

import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianArchive, KEYRING } from './later-debian.mjs';
import { findProgram, root, runStep } from './steps.mjs';

const RELEASE = 'bookworm';
const DISK_BYTES = 3 * 1024 ** 3;
const place = join(root, 'dist/tools/machine');

/** What its tests are started with, by package. */
export const machinePrograms = {
  'qemu-system-x86_64': 'qemu-system-x86',
  mmdebstrap: 'mmdebstrap',
  ssh: 'openssh-client',
};

const packages = [
  ...['systemd-sysv', 'dbus', 'libpam-systemd', 'udev', 'kmod', 'login', 'passwd', 'procps'],
  ...['linux-image-amd64', 'initramfs-tools', 'e2fsprogs', 'iproute2', 'openssh-server'],
  // What Lull and its Node.js need; another runtime; and what it takes without root.
  ...['runc', 'libstdc++6', 'crun', 'uidmap'],
];
/** Of the kernel's drivers and of each package, what no test asks for: half of the image. */
const left = [
  ...['gpu', 'media', 'infiniband', 'staging', 'iio', 'isdn', 'net/wireless', 'net/ethernet'],
].map((driver) => `/lib/modules/*/kernel/drivers/${driver}/*`);
const unread = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];

/** @returns why it cannot be had here, or undefined. Throws a StepError where making it does not work. */
export async function makeMachine(options) {
  const archive = debianArchive();
  if (process.arch !== 'x64') return `it is one of x86_64, and this is ${process.arch}`;
  if (process.getuid() !== 0) return 'only root can make it';
  if (archive === undefined) return 'no archive of Debian is configured here';
  const made = digestOf(fileURLToPath(import.meta.url), process.execPath);
  const stamp = join(place, 'made-of');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return undefined;
  rmSync(place, { recursive: true, force: true });
  const scratch = mkdtempSync(join(tmpdir(), 'lull-machine-image-'));
  try {
    await makeIn(scratch, archive, options);
    mkdirSync(place, { recursive: true });
    const parts = ['key', 'kernel', 'initrd', 'disk.img'].map((name) => join(scratch, name));
    await runStep('keeping it', ['cp', '--sparse=always', ...parts, place], options);
    writeFileSync(stamp, made);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return undefined;
}

async function makeIn(scratch, archive, options) {
  // Its users look around in it.
  chmodSync(scratch, 0o755);
  const files = join(scratch, 'files');
  const source = `deb [signed-by=${KEYRING}] ${archive} ${RELEASE} main`;
  const exclude = [...left, ...unread].map((path) => `--dpkgopt=path-exclude=${path}`);
  const install = [
    ...['mmdebstrap', '--variant=apt', '--mode=root', `--include=${packages.join(',')}`],
    ...[...exclude, '--customize-hook=chroot "$1" useradd -m -s /bin/bash ada'],
    ...['--customize-hook=chroot "$1" passwd -d ada', RELEASE, files, source],
  ];
  await runStep("installing Debian for a machine of the tests' own", install, options);
  const key = join(scratch, 'key');
  const generate = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key];
  await runStep('making its key', generate, options);
  furnish(files, readFileSync(`${key}.pub`, 'utf8'));
  for (const [name, as] of [
    ['vmlinuz', 'kernel'],
    ['initrd', 'initrd'],
  ]) {
    const file = readdirSync(join(files, 'boot')).find((each) => each.startsWith(name));
    copyFileSync(join(files, 'boot', file), join(scratch, as));
  }
  const size = `${String(DISK_BYTES / 1024)}k`;
  const format = ['mkfs.ext4', '-q', '-d', files, join(scratch, 'disk.img'), size];
  await runStep('writing its disk', format, options);
}

function furnish(files, publicKey) {
  const write = (path, text, mode = 0o644) => {
    mkdirSync(join(files, path, '..'), { recursive: true });
    writeFileSync(join(files, path), text, { mode });
  };
  copyFileSync(process.execPath, join(files, 'usr/local/bin/node'));
  mkdirSync(join(files, 'root/.ssh'), { recursive: true, mode: 0o700 });
  write('root/.ssh/authorized_keys', publicKey, 0o600);
  write('etc/hostname', 'lull-machine\n');
  // What a test brings along is on a second disk.
  write('etc/fstab', '/dev/vda / ext4 defaults 0 1\n/dev/vdb /mnt ext4 ro,nofail 0 0\n');
  // The one network device, which leads to the test alone.
  write('etc/systemd/network/any.network', '[Match]\nName=en*\n[Network]\nDHCP=ipv4\n');
  const wants = join(files, 'etc/systemd/system/multi-user.target.wants');
  mkdirSync(wants, { recursive: true });
  const networkd = 'systemd-networkd.service';
  symlinkSync(`/lib/systemd/system/${networkd}`, join(wants, networkd));
  appendFileSync(join(files, 'etc/ssh/sshd_config'), 'UseDNS no\n');
}

function digestOf(...paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex');
}

/** Where a program of these is missing. */
export function missingForMachine() {
  return Object.keys(machinePrograms).filter((program) => findProgram(program) === undefined);
}
