// Input devices, as the kernel lists them in /proc/bus/input/devices, and what they tell.
//
// Invariants:
//   D1. A machine's own buttons are keyboards to the kernel, on any server too: where nothing else is,
//       nobody sits. Whoever presses one is there all the same.
//   D2. Sticks of a gamepad tremble with nobody near: of one only keys are a touch, and the cross of keys.

/** More are not opened; a desk has a handful. */
const DEVICES_MAX = 64;

export interface InputDevice {
  /** Its name below /dev/input. */
  readonly event: string;
  /** What somebody sits down to: a keyboard, a pointer, a touch screen, a gamepad, a remote control. */
  readonly desk: boolean;
  /** Only its keys are somebody's (D2). */
  readonly keysOnly: boolean;
}

/** Enter, that of a number pad, OK and Select: with these somebody chooses, with a remote control too. */
const CHOOSING = [28, 96, 0x160, 0x161] as const;
/** Buttons of joysticks and gamepads. */
const PLAYING = { first: 0x120, count: 0x20 } as const;
const POINTER_OR_DIRECT = 0b11;

/**
 * The event devices that a person touches: also the machine's own buttons. Accelerometers, lids, speakers
 * and the sound card's jacks speak without anybody being there.
 * @param wordBits of the system's `long`, in which the kernel writes what keys there are.
 */
export function parseInputDevices(text: string, wordBits: 32 | 64 = 64): InputDevice[] {
  const found = new Map<string, InputDevice>();
  for (const device of text.split('\n\n')) {
    const handlers = /^H: Handlers=(.*)$/m.exec(device)?.[1] ?? '';
    const event = /\b(event\d{1,4})\b/.exec(handlers)?.[1];
    if (event === undefined) continue;
    const properties = Number.parseInt(/^B: PROP=([0-9a-f]+)$/m.exec(device)?.[1] ?? '0', 16);
    const keys = bitsOf(/^B: KEY=([0-9a-f ]{1,400})$/m.exec(device)?.[1] ?? '', wordBits);
    const isPointer = /\bmouse\d/.test(handlers) || (properties & POINTER_OR_DIRECT) !== 0;
    const isPad =
      !isPointer && (keys >> BigInt(PLAYING.first)) % (1n << BigInt(PLAYING.count)) > 0n;
    const isKeyboard = CHOOSING.some((key) => hasKey(keys, key));
    const desk = isPointer || isPad || isKeyboard;
    if (!desk && !(/\bkbd\b/.test(handlers) && keys > 0n)) continue;
    found.set(event, { event, desk, keysOnly: isPad && !isKeyboard });
  }
  return [...found.values()].slice(0, DEVICES_MAX);
}

const KEY = 1;
const AXIS = 3;
/** The axes of a cross of keys. */
const CROSS = { first: 0x10, last: 0x17 } as const;

/** Whether a key is among the events of a device; each ends with its type, its code and its value. */
export function hasTouchedKey(events: Buffer, eventBytes: number): boolean {
  for (let at = eventBytes - 8; at + 8 <= events.length; at += eventBytes) {
    const type = events.readUInt16LE(at);
    const code = events.readUInt16LE(at + 2);
    if (type === KEY || (type === AXIS && code >= CROSS.first && code <= CROSS.last)) return true;
  }
  return false;
}

/** Words of the system's size, the highest first. */
function bitsOf(words: string, wordBits: number): bigint {
  let bits = 0n;
  for (const word of words.split(' ')) {
    if (word !== '') bits = (bits << BigInt(wordBits)) | BigInt(`0x${word}`);
  }
  return bits;
}

function hasKey(keys: bigint, key: number): boolean {
  return ((keys >> BigInt(key)) & 1n) === 1n;
}
