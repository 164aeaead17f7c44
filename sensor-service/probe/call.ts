import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  flagValue,
  machineWide,
  measurement,
  unknownValue,
  type Measurement,
} from '../reading/measurement.js';
import { FOR_ROOT, type Roots } from './machine-processes.js';
import { anyProcess, holdsOpen } from './open-files.js';
import type { Probe } from './probe.js';
import type { SoundCards, StreamUse } from './sound.js';
import { readText } from './text-file.js';

const EVERY_MS = 900;
/** Looking through the open files of every process costs tens of milliseconds. */
const CAMERA_EVERY_MS = 10_000;
const CAMERAS_MAX = 32;

interface CallRoots extends Roots {
  readonly sysRoot: string;
}

/** Whether a microphone or a camera is in use. */
export function callProbe(roots: CallRoots, cards: SoundCards): Probe {
  const subject = machineWide('attention.call');
  let cameras: Cameras = [];
  let camera: CameraUse = 'none';
  let lookedAtMs = -Infinity;
  /** Which of the cameras' drivers were in use at the last look. */
  let usedBefore = '';

  function heard(microphone: StreamUse): Measurement[] {
    const say = (source: string, value: Measurement['value']): Measurement[] => [
      measurement(subject, source, value),
    ];
    if (microphone.kind === 'known' && microphone.running) {
      return say('a microphone', flagValue(true));
    }
    if (camera === 'in use') return say('a camera', flagValue(true));
    if (typeof camera === 'object') return say('cameras', unknownValue(camera.why));
    if (microphone.kind === 'unknown') return say('sound cards', unknownValue(microphone.why));
    if (hasHeadset(roots.procRoot)) return say('sound cards and cameras', unknownValue(HEADSET));
    return say('sound cards and cameras', flagValue(false));
  }

  return {
    name: 'sound cards and cameras',
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: (at) => {
      const microphone = cards.use('capture', at.monotonicMs);
      const isDue = at.monotonicMs - lookedAtMs >= CAMERA_EVERY_MS;
      if (isDue) cameras = camerasIn(roots);
      // What changes when one is opened or closed, for a few small files.
      const used = (cameras ?? []).filter((name) => !isDriverUnused(name, roots.sysRoot)).join();
      if (!isDue && used === usedBefore) return heard(microphone);
      lookedAtMs = at.monotonicMs;
      usedBefore = used;
      return cameraUse(roots, cameras).then((use) => {
        camera = use;
        return heard(microphone);
      });
    },
  };
}

/** Their names in dev/; undefined where it cannot be seen. */
type Cameras = readonly string[] | undefined;
/** With why, where it is not known. */
type CameraUse = 'none' | 'in use' | 'free' | { readonly why: string };

const HEADSET =
  'a Bluetooth headset is connected, and the kernel does not tell when its microphone is in use; whatever calls can say so with `lull inhibit`';
const OF_OTHERS = `who uses the camera is for root to see; ${FOR_ROOT}`;

async function cameraUse(roots: CallRoots, cameras: Cameras): Promise<CameraUse> {
  if (cameras === undefined)
    return {
      why: 'the cameras of this machine cannot be seen in /dev; a container sees them with -v /dev:/dev',
    };
  if (cameras.length === 0) return 'none';
  if (cameras.every((name) => isDriverUnused(name, roots.sysRoot))) return 'free';
  const paths = new Set(cameras.map((name) => join(roots.root, 'dev', name)));
  let why: string | undefined;
  const { found, unseen } = await anyProcess(roots, async (directory, slices) => {
    const holds = await holdsOpen(directory, paths, slices);
    if (holds === 'not permitted') why = OF_OTHERS;
    if (holds === 'too many') why ??= 'a process has more open files than are looked through';
    return holds === true;
  });
  if (found) return 'in use';
  const whyNot = unseen ?? why;
  return whyNot === undefined ? 'free' : { why: whyNot };
}

function camerasIn({ root, sysRoot }: CallRoots): Cameras {
  try {
    const shown = videosIn(join(root, 'dev'));
    const classes = join(sysRoot, 'class');
    const drivers = join(classes, 'video4linux');
    if (!existsSync(classes)) return shown.length > 0 ? shown : undefined;
    const known = existsSync(drivers) ? videosIn(drivers) : [];
    // A container has a /dev of its own, in which the machine's cameras are not.
    return known.every((name) => shown.includes(name)) ? shown : undefined;
  } catch {
    return undefined;
  }
}

function videosIn(path: string): string[] {
  const names = readdirSync(path).filter((name) => /^video\d{1,4}$/.test(name));
  return names.slice(0, CAMERAS_MAX);
}

/**
 * Whether a headset is connected by Bluetooth. Its microphone is no card of the kernel: whoever plays the
 * sound listens on a socket for each headset, and speaks over another one (decision 157).
 */
function hasHeadset(procRoot: string): boolean {
  const sockets = readText(join(procRoot, 'net', 'sco'), '');
  return sockets.kind === 'text' && /\n\S/.test(sockets.text);
}

/** A device that is open keeps its driver in use; where that is 0 nobody need be looked for. */
function isDriverUnused(name: string, sysRoot: string): boolean {
  const refcnt = join(sysRoot, 'class/video4linux', name, 'device/driver/module/refcnt');
  const read = readText(refcnt, '');
  return read.kind === 'text' && read.text.trim() === '0';
}
