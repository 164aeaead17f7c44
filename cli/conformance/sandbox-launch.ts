// One launch of an updater under test: what it is told, how it is reached, and what can be done to it.

import { chmod, chown, type FileHandle } from 'node:fs/promises';
import { untilServing } from '../../plugin-host/channel/dial-health.grpc.js';
import { patience } from '../../plugin-host/channel/dial-patience.loop.js';
import { waitForSocket } from '../../plugin-host/channel/dial-socket.fs.js';
import { defaultUids } from '../../plugin-host/runs/places.fs.js';
import type { Sandbox } from '../../plugin-host/sandbox/sandbox.js';
import { UpdaterServiceClient } from '../../proto/gen/lull/updater/v1/updater.js';
import { dialStranger } from '../../runtime/stranger.grpc.js';
import type { Exit, Launch } from '../../sdk/conformance/subject.js';

/** No updater has it: it is the self-test's. */
export const UID = defaultUids.last;

const READY_MS_MAX = 10_000;

export async function handOver(socketPath: string): Promise<void> {
  await chown(socketPath, UID, 0);
  await chmod(socketPath, 0o600);
}

/** @throws Error with the last that it wrote, where it does not serve in its time. */
export async function served(sandbox: Sandbox, channelDir: string): Promise<UpdaterServiceClient> {
  const ready = patience(READY_MS_MAX, {
    isHeld: () => false,
    starvedUs: () => sandbox.starvedUs(),
  });
  const ended = new AbortController();
  void sandbox.exited.then(() => {
    ended.abort();
  });
  const stop = AbortSignal.any([ready.signal, ended.signal]);
  try {
    const socket = await waitForSocket(channelDir, UID, stop);
    if (socket !== undefined) {
      const client = dialStranger(UpdaterServiceClient, socket.path);
      const close = client.close.bind(client);
      client.close = () => {
        close();
        socket.close();
      };
      if (await untilServing(client, stop)) return client;
      client.close();
    }
  } finally {
    ready.end();
  }
  const what = ended.signal.aborted ? 'it ended before it served' : 'it did not serve within 10 s';
  throw new Error(`${what}. The last that it wrote: ${sandbox.outputTail().trim().slice(-500)}`);
}

export function launchOf(
  sandbox: Sandbox,
  parts: Pick<Launch, 'client' | 'readyMs' | 'token' | 'close'>,
): Launch {
  let exit: Exit | undefined;
  const exited = sandbox.exited.then((how) => (exit = how));
  return {
    ...parts,
    exit: () => exit,
    exited,
    said: () => sandbox.outputTail(),
    kill: () => sandbox.close(),
    freeze: () => {
      sandbox.freeze();
    },
    thaw: () => {
      sandbox.thaw();
    },
    terminate: () => sandbox.terminate(),
  };
}

export async function fillWith(file: FileHandle, piece: Buffer): Promise<void> {
  try {
    for (;;) await file.write(piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
