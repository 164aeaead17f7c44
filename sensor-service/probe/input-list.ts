// The kernel's list of input devices, in the words of the system on which it is read.

import { join } from 'node:path';
import { parseInputDevices, type InputDevice } from '../reading/input.js';
import { readText } from './text-file.js';

const narrow = process.arch === 'arm' || process.arch === 'ia32';
/** An event begins with two numbers of the system's size. */
export const EVENT_BYTES = narrow ? 16 : 24;

type InputList =
  | { readonly kind: 'listed'; readonly devices: readonly InputDevice[] }
  | { readonly kind: 'missing'; readonly why: string };

export function listInput(procRoot: string): InputList {
  const path = join(procRoot, 'bus', 'input', 'devices');
  const file = readText(path, 'no input device is known to the kernel');
  if (file.kind === 'missing') return file;
  return { kind: 'listed', devices: parseInputDevices(file.text, narrow ? 32 : 64) };
}
