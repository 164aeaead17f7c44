// A logind of the benchmark's own, on a bus of its own: one session, which somebody leaves and comes
// back to, and what keeps the machine awake while a run is on. It is a program outside of this process, as the real one is, and says when it signalled.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause, within } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';

const DAEMON = '/usr/bin/dbus-daemon';
const PYTHON = '/usr/bin/python3';
const PYTHON_DBUS = '/usr/lib/python3/dist-packages/dbus';
const START_MS_MAX = 20_000;
const ANSWER_MS_MAX = 5_000;

const logind = `
import sys, time
import dbus, dbus.mainloop.glib, dbus.service
from gi.repository import GLib
PATH, PROPERTIES = "/org/freedesktop/login1", "org.freedesktop.DBus.Properties"
MANAGER, SESSION = "org.freedesktop.login1.Manager", "org.freedesktop.login1.Session"
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(sys.argv[1])
name = dbus.service.BusName("org.freedesktop.login1", bus)

class Object(dbus.service.Object):
    def __init__(self, path, properties):
        super().__init__(bus, path)
        self.properties = properties
    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, iface):
        return self.properties
    @dbus.service.signal(PROPERTIES, signature="sa{sv}as")
    def PropertiesChanged(self, iface, changed, invalidated):
        pass
    @dbus.service.method(MANAGER, out_signature="a(susso)")
    def ListSessions(self):
        return [("c1", dbus.UInt32(1000), "ada", "seat0", dbus.ObjectPath(PATH + "/session/c1"))]

    @dbus.service.method(MANAGER, out_signature="a(ssssuu)")
    def ListInhibitors(self):
        own = ("sleep:idle", "Lull", "an update runs", "block", dbus.UInt32(0), dbus.UInt32(1))
        others = [("sleep", "UPower", "Pause device polling", "delay", dbus.UInt32(0), dbus.UInt32(n)) for n in (2, 3, 4)]
        return [own] + others

manager = Object(PATH, {"BlockInhibited": "sleep:idle"})
session = Object(PATH + "/session/c1", {
    "Class": "user", "Type": "x11", "TTY": "", "State": "active", "Active": True, "Remote": False,
    "IdleHint": False, "IdleSinceHintMonotonic": dbus.UInt64(0), "LockedHint": False,
    "User": (dbus.UInt32(1000), dbus.ObjectPath(PATH + "/user/_1000")), "Leader": dbus.UInt32(1)})

def turn(source, condition):
    line = sys.stdin.readline()
    if line == "":
        loop.quit()
        return False
    idle = line.strip() == "idle"
    changed = {"IdleHint": idle, "IdleSinceHintMonotonic": dbus.UInt64(time.monotonic_ns() // 1000)}
    session.properties.update(changed)
    at = time.monotonic_ns()
    session.PropertiesChanged(SESSION, changed, [])
    bus.flush()
    print(at, flush=True)
    return True

GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, turn)
loop = GLib.MainLoop()
print("up", flush=True)
loop.run()
`;

export interface Login {
  readonly address: string;
  /** Signals. @returns when, on the monotonic clock. */
  turn(to: 'idle' | 'active'): Promise<bigint>;
}

/** @returns undefined where what it needs is not installed. */
export async function openLogin(scratch: string, opened: CloseStack): Promise<Login | undefined> {
  if (![DAEMON, PYTHON, PYTHON_DBUS].every((path) => existsSync(path))) return undefined;
  const socket = join(scratch, 'bus');
  const address = `unix:path=${socket}`;
  const config = join(scratch, 'bus.conf');
  writeFileSync(
    config,
    `<busconfig><listen>${address}</listen><auth>EXTERNAL</auth>
     <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`,
  );
  const daemon = spawn(DAEMON, [`--config-file=${config}`, '--nofork', '--nopidfile'], {
    stdio: 'ignore',
  });
  opened.add('bus', endOf(daemon));
  for (const untilMs = performance.now() + START_MS_MAX; !existsSync(socket); await pause(20)) {
    if (performance.now() > untilMs) throw new Error('dbus-daemon did not start');
  }
  const child = spawn(PYTHON, ['-c', logind, address], { stdio: ['pipe', 'pipe', 'inherit'] });
  opened.add('logind', endOf(child));
  await within(once(child.stdout, 'data'), START_MS_MAX, 'starting a logind');
  return {
    address,
    turn: async (to) => {
      const told = once(child.stdout, 'data') as Promise<[Buffer]>;
      child.stdin.write(`${to}\n`);
      const [line] = await within(told, ANSWER_MS_MAX, 'a signal of logind');
      return BigInt(line.toString().trim());
    },
  };
}

function endOf(child: ChildProcess): { close(): Promise<void> } {
  const exited = once(child, 'exit');
  return {
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}
