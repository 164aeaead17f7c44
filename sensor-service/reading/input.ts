// Input devices, as the kernel lists them in /proc/bus/input/devices.

/** More are not opened; a desk has a handful. */
const DEVICES_MAX = 64;

/**
 * The names of the event devices that a person works with: keyboards, pointers and touch screens.
 * Accelerometers, lids and the sound card's jacks speak without anybody being there.
 */
export function parseInputDevices(text: string): string[] {
  const found: string[] = [];
  for (const device of text.split('\n\n')) {
    const handlers = /^H: Handlers=(.*)$/m.exec(device)?.[1] ?? '';
    const event = /\b(event\d{1,4})\b/.exec(handlers)?.[1];
    if (event === undefined) continue;
    const properties = Number.parseInt(/^B: PROP=([0-9a-f]+)$/m.exec(device)?.[1] ?? '0', 16);
    const isPointer = /\bmouse\d/.test(handlers) || (properties & 0b11) !== 0;
    if (isPointer || /\bkbd\b/.test(handlers)) found.push(event);
  }
  return [...new Set(found)].slice(0, DEVICES_MAX);
}
