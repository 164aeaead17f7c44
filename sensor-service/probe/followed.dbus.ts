// Objects of one owner of a name, each read once and patched from then on. When the owner goes, so does
// all of this: a reply that comes late finds nobody.
//
// Invariant: at most so many objects are followed, `FOLLOWED_MAX` where nothing is said, and `READS_MAX` are
// read at a time.

export type Properties = Readonly<Record<string, unknown>>;

const FOLLOWED_MAX = 1_024;
const READS_MAX = 16;
const ERRORS = 'org.freedesktop.DBus.Error';

interface Followed {
  readonly path: string;
  readonly iface: string;
  properties: Properties | undefined;
  reading: boolean;
}

type Answered = (error: Error | undefined, value?: unknown) => void;

interface FollowedDeps {
  /** Properties.GetAll, answered in its order among the signals. */
  readonly read: (path: string, iface: string, done: Answered) => void;
  readonly changed: () => void;
  readonly silent: () => void;
  readonly followedMax?: number | undefined;
}

export class FollowedObjects {
  private readonly followed = new Map<string, Followed>();
  private waiting: Followed[] = [];
  private reads = 0;
  private ended = false;

  constructor(private readonly deps: FollowedDeps) {}

  /** Whether everything that is followed has been read. */
  get complete(): boolean {
    return this.reads === 0 && this.waiting.length === 0;
  }

  /** @returns whether there was room. */
  follow(path: string, iface: string): boolean {
    const key = keyOf(path, iface);
    if (this.followed.has(key)) return true;
    if (this.followed.size >= (this.deps.followedMax ?? FOLLOWED_MAX)) return false;
    const followed: Followed = { path, iface, properties: undefined, reading: false };
    this.followed.set(key, followed);
    this.enqueue(followed);
    return true;
  }

  unfollow(path: string, iface: string): void {
    this.followed.delete(keyOf(path, iface));
  }

  properties(path: string, iface: string): Properties | undefined {
    return this.followed.get(keyOf(path, iface))?.properties;
  }

  reread(path: string, iface: string): void {
    const followed = this.followed.get(keyOf(path, iface));
    if (followed !== undefined && !followed.reading) this.enqueue(followed);
  }

  /** Takes the arguments of PropertiesChanged. @returns whether it was of an object followed. */
  patch(path: string, [iface, changes, invalidated]: readonly unknown[]): boolean {
    const followed = this.followed.get(keyOf(path, String(iface)));
    if (followed?.properties === undefined) return false;
    followed.properties = { ...followed.properties, ...propertiesOf(changes) };
    if (Array.isArray(invalidated) && invalidated.length > 0) this.reread(path, followed.iface);
    return true;
  }

  end(): void {
    this.ended = true;
    this.followed.clear();
    this.waiting = [];
  }

  private enqueue(followed: Followed): void {
    followed.reading = true;
    this.waiting.push(followed);
    this.drain();
  }

  private drain(): void {
    while (this.reads < READS_MAX) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.reads += 1;
      this.read(next);
    }
  }

  private read(followed: Followed): void {
    const { path, iface } = followed;
    this.deps.read(path, iface, (error, answer) => {
      if (this.ended) return;
      if (isSilence(error)) {
        this.deps.silent();
        return;
      }
      // An object may vanish meanwhile, as sessions do. One that may not be read says nothing.
      if (hasVanished(error)) this.unfollow(path, iface);
      else followed.properties = error === undefined ? propertiesOf(answer) : {};
      followed.reading = false;
      this.reads -= 1;
      this.drain();
      this.deps.changed();
    });
  }
}

/** Whether nobody answered, as opposed to an answer that is an error. */
export function isSilence(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ETIMEDOUT';
}

/** Whether the bus itself says that a name belongs to nobody. */
export function hasNoOwner(error: unknown): boolean {
  return nameOf(error) === `${ERRORS}.NameHasNoOwner`;
}

/** Whether the service says that it has no such object. */
export function hasVanished(error: unknown): boolean {
  const name = nameOf(error);
  return name === `${ERRORS}.UnknownObject` || name === `${ERRORS}.UnknownMethod`;
}

function nameOf(error: unknown): unknown {
  return (error as { dbusName?: unknown } | undefined)?.dbusName;
}

function keyOf(path: string, iface: string): string {
  return `${path} ${iface}`;
}

function propertiesOf(value: unknown): Properties {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  // A map without a prototype: a property may be called __proto__ (T24).
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}
