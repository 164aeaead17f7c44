// A device that remembers everything that it was told:
//
//   node dist/test/power-cut/recorder.fs.js DIRECTORY IMAGE LOG
//
// shows one file, DIRECTORY/image, with the content of IMAGE, and appends to LOG what is written there
// before it answers that it is. A loop device over that file is what the rig mounts. A process of its
// own: whoever writes to the file system would wait for itself. It ends when DIRECTORY is unmounted.
//
// Invariant: R1. The log has a write, and a flush, before whoever asked for it hears that it is done.

import { spawn } from 'node:child_process';
import { closeSync, openSync, read, readFileSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { pause } from '../../runtime/deadline.js';
import {
  answer,
  asked,
  contentOf,
  FILE_NODE,
  found,
  gotAttributes,
  initialized,
  opened,
  readAsked,
  refusal,
  spanOf,
  WRITE_BYTES_MAX,
  written,
  type Asked,
} from './fuse-wire.js';
import { flushRecord, writeRecord } from './write-log.js';

const ENOENT = 2;
const ENOSYS = 38;
const readFrom = promisify(read);

const [directory = '', imageFile = '', logFile = ''] = process.argv.slice(2);
const image = readFileSync(imageFile);
const log = openSync(logFile, 'a');
const kernel = openSync('/dev/fuse', 'r+');

// Not waited for: it looks at what it has mounted, and we are who answers.
const how = 'fd=3,rootmode=40000,user_id=0,group_id=0';
const mounting = spawn('mount', ['-i', '-t', 'fuse', '-o', how, 'recorder', directory], {
  stdio: ['ignore', 'inherit', 'inherit', kernel],
});
mounting.on('exit', (code) => {
  if (code !== 0) process.exit(1);
});

/** Undefined: the kernel waits for no answer. */
function reply({ what, unique, node, body }: Asked): Buffer | undefined {
  switch (what) {
    case asked.init:
      return answer(unique, initialized());
    case asked.lookup:
      return body.toString('latin1') === 'image\0'
        ? answer(unique, found(image.byteLength))
        : refusal(unique, ENOENT);
    case asked.getattr:
    case asked.setattr:
      return answer(unique, gotAttributes(node, image.byteLength));
    case asked.open:
      return node === FILE_NODE ? answer(unique, opened()) : refusal(unique, ENOSYS);
    case asked.read: {
      const { offset, bytes } = spanOf(body);
      return answer(unique, image.subarray(offset, offset + bytes));
    }
    case asked.write: {
      const { offset, bytes } = spanOf(body);
      const content = contentOf(body);
      writeSync(log, writeRecord(offset, content)); // R1
      content.copy(image, offset);
      return answer(unique, written(bytes));
    }
    case asked.fsync:
      writeSync(log, flushRecord()); // R1
      return answer(unique);
    case asked.flush:
    case asked.release:
      return answer(unique);
    case asked.statfs:
      return answer(unique, Buffer.alloc(80));
    case asked.forget:
    case asked.batchForget:
    case asked.interrupt:
      return undefined;
    default:
      return refusal(unique, ENOSYS);
  }
}

async function serve(): Promise<void> {
  const buffer = Buffer.alloc(WRITE_BYTES_MAX + 64 * 1024);
  for (;;) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await readFrom(kernel, buffer, 0, buffer.byteLength, null));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENODEV') return; // Unmounted.
      if (code !== 'EPERM' || mounting.exitCode !== null) throw error;
      await pause(1); // Not mounted yet.
      continue;
    }
    const said = reply(readAsked(buffer.subarray(0, bytesRead)));
    if (said !== undefined) writeSync(kernel, said);
  }
}

await serve();
closeSync(kernel);
closeSync(log);
