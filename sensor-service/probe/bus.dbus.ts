// One connection to a message bus, dialled again for as long as it is wanted.
//
// Invariants:
//   B1. A signal reaches its listeners in the tick in which it was read from the socket: an edge of
//       presence has one hop and no queue before it.
//       Replies to `ask` come in the same order: one that was sent before a signal is heard before it.
//       A promise would be settled after it, and an old value would lie over a new one.
//   B2. Nothing here starts a program: a service that sleeps on the bus is left asleep.
//   B3. Every call has a deadline, every message a size, and dialling backs off up to a bound.
//   B4. What a peer sends can end this connection, never the process.

import type { Socket } from 'node:net';
import { createClient, type Message, type MessageBus } from 'dbus-native';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { whyNotReached } from '../reading/bus-words.js';
import { dialAs } from './dial-as.spawn.js';

/** Services answer within milliseconds, and loaded machines within a second. */
const CALL_MS_MAX = 2_000;
/**
 * After so long the library forgets a call that nobody answered. The deadline is ours: its own timer keeps
 * no process alive, and Node.js wakes for such a one also when it was cancelled.
 */
const FORGET_MS = 3_600_000;
const BACKOFF_MS = { first: 250, max: 30_000 };
/** A list of a thousand sessions has 100 kB. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
const NO_AUTO_START = 2;
const SIGNAL = 4;

export interface BusSignal {
  readonly sender: string;
  readonly path: string;
  readonly iface: string;
  readonly member: string;
  readonly args: readonly unknown[];
}

export interface BusCall {
  readonly service: string;
  readonly path: string;
  readonly iface: string;
  readonly member: string;
  readonly signature?: string;
  readonly args?: readonly unknown[];
  /** Waits no longer than this; without it as long as for any call. */
  readonly msMax?: number;
  /** Leaves before `ask` returns, and not with whatever else is asked in the same tick. */
  readonly atOnce?: boolean;
}

export interface BusListener {
  /** The bus can be spoken to, for the first time or again. */
  opened(): void;
  signalled(signal: BusSignal): void;
  /** Nothing more comes until it is opened again. */
  lost(why: string): void;
}

interface BusDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** "system bus", "session bus": for a person. */
  readonly name: string;
  readonly address: string;
  /** What a person can do where it cannot be reached. */
  readonly orElse: string;
  /** The user as whom to connect; undefined: as whoever this process is. */
  readonly as?: number | undefined;
  readonly callMsMax?: number;
}

export class Bus implements Closeable {
  private readonly listeners = new Set<BusListener>();
  private client: MessageBus | undefined;
  private open = false;
  private cancelDial: CancelTimer = () => undefined;
  private backoffMs = BACKOFF_MS.first;
  private lastWhy = '';
  private readonly closing = new AbortController();

  constructor(private readonly deps: BusDeps) {
    this.cancelDial = deps.clock.after(0, () => void this.dial());
  }

  /** @returns what ends it. */
  listen(listener: BusListener): () => void {
    this.listeners.add(listener);
    if (this.open) listener.opened();
    else if (this.lastWhy !== '') listener.lost(this.lastWhy);
    return () => this.listeners.delete(listener);
  }

  /** Asks the bus for the signals that match, until the connection ends. */
  async match(rule: string): Promise<void> {
    await this.call({ ...busItself, member: 'AddMatch', signature: 's', args: [rule] });
  }

  /** Takes a rule back; of no interest where the connection has ended. */
  unmatch(rule: string): void {
    if (!this.open) return;
    const call = { ...busItself, member: 'RemoveMatch', signature: 's', args: [rule] };
    this.call(call).catch(() => undefined);
  }

  /** @returns the first value of the reply. Rejects with what the service or the bus said. */
  call(call: BusCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.ask(call, (error, value) => {
        if (error === undefined) resolve(value);
        else reject(error);
      });
    });
  }

  /** Calls, and hands over the reply in its order among the signals (B1). */
  ask(call: BusCall, done: (error: Error | undefined, value?: unknown) => void): void {
    if (this.client === undefined) {
      done(new Error(`the ${this.deps.name} is not connected`));
      return;
    }
    const message: Message = {
      destination: call.service,
      path: call.path,
      interface: call.iface,
      member: call.member,
      flags: NO_AUTO_START, // B2
      ...(call.signature === undefined ? {} : { signature: call.signature }),
      ...(call.args === undefined ? {} : { body: [...call.args] }),
    };
    const msMax = call.msMax ?? this.deps.callMsMax ?? CALL_MS_MAX; // B3
    let settled = false;
    const settle = (error: Error | undefined, value?: unknown): void => {
      if (settled) return;
      settled = true;
      cancelLate();
      done(error, value);
    };
    const cancelLate = this.deps.clock.after(msMax, () => {
      settle(
        Object.assign(new Error(`no reply within ${String(msMax)} ms`), { code: 'ETIMEDOUT' }),
      );
    });
    const { client } = this;
    client.invoke(message, { timeout: FORGET_MS }, (error, value: unknown) => {
      settle(error ?? undefined, value);
    });
    if (call.atOnce === true) client.connection.stream.uncork();
  }

  async close(): Promise<void> {
    this.cancelDial();
    this.closing.abort();
    this.listeners.clear();
    const client = this.client;
    this.client = undefined;
    this.open = false;
    client?.connection.stream.destroy();
    await client?.close();
  }

  private async dial(): Promise<void> {
    const { name, log } = this.deps;
    let client: MessageBus | undefined;
    try {
      const way = await this.way();
      if (this.closing.signal.aborted) {
        if ('stream' in way) way.stream.destroy();
        return;
      }
      client = createClient({
        ...way,
        authMethods: ['EXTERNAL'],
        maxMessageSize: MESSAGE_BYTES_MAX,
      });
      this.client = client;
      this.attach(client, client);
      // The first answer says that the bus took us in.
      await this.call({ ...busItself, member: 'GetId' });
      if (this.client !== client) return;
      this.open = true;
      this.backoffMs = BACKOFF_MS.first;
      log.debug({ bus: name }, 'connected');
      for (const listener of [...this.listeners]) listener.opened();
    } catch (error) {
      if (this.client === client) this.drop(client, error);
    }
  }

  /** By which way the bus is reached: dialled by the library, or connected already as somebody else. */
  private async way(): Promise<{ busAddress: string } | { stream: Socket }> {
    const { address, as } = this.deps;
    if (!/^unix:(?:path|abstract)=[^;]+$/.test(address)) {
      throw new Error('its address is no unix: address');
    }
    if (as === undefined) return { busAddress: address };
    const path = address.replace(/^unix:path=|,.*$/g, '');
    return { stream: await dialAs(path, as, this.closing.signal) };
  }

  private attach(client: MessageBus, current: MessageBus): void {
    const { connection } = client;
    connection.on('error', (error) => {
      if (this.client === current) this.drop(client, error); // B4
    });
    connection.on('close', (error) => {
      if (this.client === current) this.drop(client, error);
    });
    connection.on('handlerError', (error) => {
      this.deps.log.error({ err: error, bus: this.deps.name }, 'a message was not understood');
    });
    connection.on('message', (message) => {
      if (this.client !== current || message.type !== SIGNAL) return;
      const { sender, path, interface: iface, member, body } = message;
      if (sender === undefined || path === undefined) return;
      if (iface === undefined || member === undefined) return;
      const signal: BusSignal = { sender, path, iface, member, args: body ?? [] };
      for (const listener of [...this.listeners]) listener.signalled(signal); // B1
    });
  }

  /** Ends a connection, says so once, and dials again later. */
  private drop(client: MessageBus | undefined, error: unknown): void {
    const { clock, name, address, orElse } = this.deps;
    if (this.closing.signal.aborted) return;
    this.client = undefined;
    this.open = false;
    client?.connection.stream.destroy();
    this.lastWhy = `the ${name} cannot be reached (${address}: ${whyNotReached(error)}); ${orElse}`;
    for (const listener of [...this.listeners]) listener.lost(this.lastWhy);
    this.cancelDial = clock.after(this.backoffMs, () => void this.dial());
    this.backoffMs = Math.min(this.backoffMs * 2, BACKOFF_MS.max);
  }
}

const busItself = {
  service: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  iface: 'org.freedesktop.DBus',
} as const;
