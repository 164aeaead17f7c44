// Archives made by hand, good and bad ones.

import { buffer } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';

export type Entry = Partial<Header> & { readonly name: string; readonly text?: string };

export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  for (const { text = '', ...header } of entries) {
    archive.entry({ mtime: new Date(0), ...header }, text);
  }
  archive.finalize();
  return bytes;
}

export interface ZipFile {
  readonly name: string;
  readonly text?: string;
  /** With its kind, as Unix has it. */
  readonly mode?: number;
  readonly isStored?: boolean;
  /** What the list says instead of what is true. */
  readonly size?: number;
  readonly flags?: number;
  readonly method?: number;
}

export function zipOf(files: readonly ZipFile[]): Buffer {
  const bodies: Buffer[] = [];
  const lists: Buffer[] = [];
  let at = 0;
  for (const each of files) {
    const { name, text = '', mode = 0o100644, isStored = false, flags = 0 } = each;
    const packed = isStored ? Buffer.from(text) : deflateRawSync(text);
    const size = each.size ?? Buffer.byteLength(text);
    const method = each.method ?? (isStored ? 0 : 8);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(packed.byteLength, 18);
    local.writeUInt32LE(size, 22);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const list = Buffer.alloc(46);
    list.writeUInt32LE(0x02014b50, 0);
    list.writeUInt16LE((3 << 8) | 20, 4);
    list.writeUInt16LE(flags, 8);
    list.writeUInt16LE(method, 10);
    list.writeUInt32LE(packed.byteLength, 20);
    list.writeUInt32LE(size, 24);
    list.writeUInt16LE(Buffer.byteLength(name), 28);
    list.writeUInt32LE((mode << 16) >>> 0, 38);
    list.writeUInt32LE(at, 42);
    bodies.push(local, Buffer.from(name), packed);
    lists.push(list, Buffer.from(name));
    at += local.byteLength + Buffer.byteLength(name) + packed.byteLength;
  }
  const list = Buffer.concat(lists);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(list.byteLength, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, list, end]);
}
