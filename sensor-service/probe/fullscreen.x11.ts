// Whether the window that is used fills the screen, where a desktop is one of X11: its window manager
// writes on the root window which one is used, and on that one what it is.
//
//   the root window changes ─▶ which window is used ─▶ its states
//   that window is resized, or goes ─────────────────────▲
//
// A window that fills the screen was resized, and mostly raised. Its properties are not listened to: many
// programs write on their window at each key.
//
// Invariants:
//   F1. One look is under way at a time, however often something changes, and one more after it.
//   F2. A desktop that ends, hangs or refuses makes it unknown, and is dialled again with a bound.

import type { XEvent } from 'x11';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { DeadlineError } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Value } from '../../conditions/reading.js';
import { flagValue, measurement, unknownValue } from '../reading/measurement.js';
import { activeWindow, wordsOf } from '../reading/window-state.js';
import { Display, type DisplayPlace } from './display.x11.js';
import type { Tell } from './property-watch.dbus.js';

const PROPERTIES_CHANGE = 0x40_00_00;
const STRUCTURE_CHANGES = 0x02_00_00;
/** Some window managers resize first and write the state afterwards. */
const AGAIN_AFTER_MS = 300;
const BACKOFF_MS = { first: 500, max: 60_000 };
const NO_ACTIVE_WINDOW = 'the window manager does not say which window is used';

const atomNames = ['_NET_ACTIVE_WINDOW', '_NET_CLIENT_LIST_STACKING', '_NET_WM_STATE'] as const;
const FULLSCREEN = '_NET_WM_STATE_FULLSCREEN';

interface FullscreenDeps {
  readonly clock: Clock;
  /** Where its server is now; undefined: nowhere. */
  readonly place: () => DisplayPlace | undefined;
  readonly tell: Tell;
}

interface Atoms {
  readonly active: number;
  readonly stacking: number;
  readonly state: number;
  readonly fullscreen: number;
}

export class Fullscreen implements Closeable {
  private place: DisplayPlace | undefined;
  private display: Display | undefined;
  private atoms: Atoms | undefined;
  private window = 0;
  private looking = false;
  private lookAgain = false;
  private backoffMs = BACKOFF_MS.first;
  private cancelDial: CancelTimer = () => undefined;
  private cancelAgain: CancelTimer = () => undefined;
  private readonly closing = new AbortController();

  constructor(private readonly deps: FullscreenDeps) {
    this.say(unknownValue('the X server has not been asked yet'));
    this.cancelDial = deps.clock.after(0, () => void this.dial());
  }

  /** Looks although nothing was announced. */
  look(): void {
    this.lookAgain = true;
    if (!this.looking) void this.lookOn();
  }

  close(): void {
    this.closing.abort();
    this.cancelDial();
    this.cancelAgain();
    this.display?.close();
    this.display = undefined;
  }

  private async dial(): Promise<void> {
    const { clock } = this.deps;
    const { signal } = this.closing;
    this.place = this.deps.place();
    const { place } = this;
    if (place === undefined) {
      this.lose('no X server of whoever sits here is seen');
      return;
    }
    let opened: Display | undefined;
    try {
      opened = await Display.open(place, {
        ...{ clock, signal },
        happened: (event) => {
          this.hear(event);
        },
        lost: () => {
          if (opened !== undefined && this.display === opened) this.lose('the X server has ended');
        },
      });
      if (signal.aborted) {
        opened.close();
        return;
      }
      this.display = opened;
      this.atoms = await atomsOf(opened);
      opened.listen(opened.root, PROPERTIES_CHANGE);
      this.backoffMs = BACKOFF_MS.first;
      this.look();
    } catch (error) {
      opened?.close();
      // One that was lost meanwhile is being dialled again.
      if (opened === undefined || this.display === opened) this.lose(whyNot(error, place));
    }
  }

  private lose(why: string): void {
    if (this.closing.signal.aborted) return;
    const { display } = this;
    this.display = undefined;
    this.atoms = undefined;
    this.window = 0;
    display?.close();
    this.cancelAgain();
    this.say(unknownValue(why));
    this.cancelDial();
    this.cancelDial = this.deps.clock.after(this.backoffMs, () => void this.dial());
    this.backoffMs = Math.min(this.backoffMs * 2, BACKOFF_MS.max); // F2
  }

  private hear({ name, wid, atom }: XEvent): void {
    const { display, atoms } = this;
    if (display === undefined || atoms === undefined) return;
    if (wid === display.root) {
      if (name === 'PropertyNotify' && (atom === atoms.active || atom === atoms.stacking))
        this.look();
      return;
    }
    this.look();
    this.cancelAgain();
    this.cancelAgain = this.deps.clock.after(AGAIN_AFTER_MS, () => {
      this.look();
    });
  }

  private async lookOn(): Promise<void> {
    this.looking = true; // F1
    while (this.lookAgain && this.display !== undefined && this.atoms !== undefined) {
      this.lookAgain = false;
      const { display, atoms } = this;
      try {
        const value = await this.seen(display, atoms);
        if (this.display === display) this.say(value);
      } catch (error) {
        if (this.display === display) this.lose(whyNot(error, this.place));
      }
    }
    this.looking = false;
  }

  private async seen(display: Display, atoms: Atoms): Promise<Value> {
    const window = activeWindow(await display.property(display.root, atoms.active));
    if (window === undefined) return unknownValue(NO_ACTIVE_WINDOW);
    if (window !== this.window) {
      if (this.window !== 0) display.listen(this.window, 0);
      if (window !== 0) display.listen(window, STRUCTURE_CHANGES);
      this.window = window;
    }
    if (window === 0) return flagValue(false);
    const states = await statesOf(display, window, atoms);
    if (states === undefined)
      return unknownValue('the window that is used does not say what it is');
    return flagValue(states.includes(atoms.fullscreen));
  }

  private say(value: Value): void {
    const source = `X server ${this.place?.name ?? ''}`.trim();
    this.deps.tell([measurement('attention.fullscreen', source, value)]);
  }
}

async function atomsOf(display: Display): Promise<Atoms> {
  const [active = 0, stacking = 0, state = 0] = await Promise.all(
    atomNames.map((name) => display.atom(name)),
  );
  return { active, stacking, state, fullscreen: await display.atom(FULLSCREEN) };
}

async function statesOf(
  display: Display,
  window: number,
  { state }: Atoms,
): Promise<readonly number[] | undefined> {
  try {
    return wordsOf(await display.property(window, state));
  } catch (error) {
    // It closed in between: the next one is announced.
    if (isAnswer(error)) return [];
    throw error;
  }
}

/** Whether the server itself said no, as of a window that is gone. */
function isAnswer(error: unknown): boolean {
  return typeof (error as { error?: unknown }).error === 'number';
}

function whyNot(error: unknown, place: DisplayPlace | undefined): string {
  const { name = '', as } = place ?? {};
  if (error instanceof DeadlineError) return `the X server ${name} does not answer`;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined) return `the X server ${name} cannot be reached (${code})`;
  if (/connection failed|closed before setup/.test(message)) {
    const who = as === undefined ? 'the user that Lull runs as' : 'its user';
    return `the X server ${name} takes in nobody by name; let ${who} in with "xhost +si:localuser:NAME"`;
  }
  return `the X server ${name} answers in no known way`;
}
